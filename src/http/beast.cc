// The one place where Beast itself is compiled; head_parser.cc is the other file that includes it.
#include <boost/beast/src.hpp>
