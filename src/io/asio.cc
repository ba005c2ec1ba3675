// The one place where Asio itself is compiled; everything else includes its declarations only.
#include <boost/asio/impl/src.hpp>
