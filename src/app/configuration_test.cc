#include "app/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <map>

namespace millrace::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Files that exist only as texts.
class TextFiles final : public io::FileSystem {
 public:
  std::map<std::string, std::string> texts;

  base::Result<std::string> read_all(const std::string& path, std::size_t) override {
    const auto found = texts.find(path);
    if (found == texts.end()) return base::fail(base::Errc::not_found, "cannot open " + path);
    return found->second;
  }
  base::Result<std::unique_ptr<io::File>> open(const std::string&, io::OpenMode) override { return unused(); }
  base::Result<void> rename(const std::string&, const std::string&) override { return unused(); }
  base::Result<void> remove(const std::string&) override { return unused(); }
  base::Result<void> make_directory(const std::string&) override { return unused(); }
  base::Result<std::vector<std::string>> list(const std::string&) override { return unused(); }
  base::Result<void> sync_directory(const std::string&) override { return unused(); }
  base::Result<std::unique_ptr<io::FileLock>> lock(const std::string&) override { return unused(); }
  base::Result<std::uint64_t> free_bytes(const std::string&) override { return unused(); }

 private:
  static std::unexpected<base::Error> unused() { return base::fail(base::Errc::io, "only read_all is expected"); }
};

class ConfigurationTest : public testing::Test {
 protected:
  using Words = std::vector<std::string_view>;

  base::Result<Configuration> configured(const Words& arguments, const Words& environment = {}) {
    const auto line = parse_command_line(arguments, option_rows());
    if (!line) return base::fail(line.error());
    return configure(*line, environment, files_, option_rows());
  }
  std::string error_of(const Words& arguments, const Words& environment = {}) {
    const auto outcome = configured(arguments, environment);
    if (outcome) return "no error";
    EXPECT_EQ(outcome.error().code, base::Errc::bad_config);
    return outcome.error().message;
  }
  static std::string origin(const Configuration& configuration, std::string_view name) {
    for (const Given& setting : configuration.settings) {
      if (setting.row->name == name) return setting.origin;
    }
    return "no such setting";
  }

  TextFiles files_;
};

TEST_F(ConfigurationTest, EveryDefaultIsRightAndHasTheDocumentedValue) {
  const auto made = configured({"serve"}, {"HOME=/home/somebody"});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(given_names(*made), IsEmpty());
  EXPECT_THAT(made->options.hosts, ElementsAre("127.0.0.1", "::1"));
  EXPECT_EQ(made->options.port, 4567);
  EXPECT_EQ(made->options.engine, "embedded");
  EXPECT_EQ(made->options.durability, log::segment::Durability::sync);
  EXPECT_EQ(made->options.disk_reserve, 1ull << 30);
  EXPECT_EQ(made->options.memory_max, 1ull << 30);
  EXPECT_EQ(made->options.region, "us-east-1");
  EXPECT_EQ(made->options.account_id, "000000000000");
  EXPECT_EQ(made->options.shutdown_timeout, std::chrono::seconds{5});
  EXPECT_EQ(made->options.shards_max, 20'000u);
  EXPECT_EQ(made->options.on_demand_streams_max, 1'000u);
  EXPECT_THAT(made->warnings, IsEmpty());
  for (const Given& setting : made->settings)
    EXPECT_EQ(setting.origin, "default") << setting.row->name;
  EXPECT_EQ(default_options().port, made->options.port);
  EXPECT_EQ(default_options().body_max, made->options.body_max);
}

TEST_F(ConfigurationTest, AFlagWinsOverTheEnvironmentOverTheFileOverTheDefault) {
  files_.texts["/m.toml"] = "port = 1\nthreads = 1\nregion = \"eu-west-1\"\n";
  const auto made = configured({"serve", "--config", "/m.toml", "--port=3"},
                               {"PATH=/bin", "HOME=/h", "MILLRACE_PORT=2", "MILLRACE_THREADS=2"});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->options.port, 3);
  EXPECT_EQ(origin(*made, "port"), "--port");
  EXPECT_EQ(made->options.threads, 2u);
  EXPECT_EQ(origin(*made, "threads"), "MILLRACE_THREADS");
  EXPECT_EQ(made->options.region, "eu-west-1");
  EXPECT_EQ(origin(*made, "region"), "file /m.toml");
  EXPECT_EQ(origin(*made, "engine"), "default");
}

TEST_F(ConfigurationTest, TheDataFolderIsTheMachinesForRootAndTheUsersForOthers) {
  using Entries = std::vector<std::string_view>;
  EXPECT_EQ(default_data_dir(Entries{"HOME=/root", "XDG_DATA_HOME=/data"}, true), "/var/lib/millrace");
  EXPECT_EQ(default_data_dir(Entries{"HOME=/home/a", "XDG_DATA_HOME=/data"}, false), "/data/millrace");
  EXPECT_EQ(default_data_dir(Entries{"XDG_DATA_HOME=", "HOME=/home/a"}, false), "/home/a/.local/share/millrace");
  EXPECT_EQ(default_data_dir(Entries{"XDG_DATA_HOME=data", "HOME=/home/a"}, false), "/home/a/.local/share/millrace");
  EXPECT_EQ(default_data_dir(Entries{"HOME="}, false), "");
  EXPECT_EQ(default_data_dir({}, false), "");

  Options options = default_options();
  options.data_dir.clear();
  options.engine = embedded_engine;
  const auto without = check_together(options);
  ASSERT_FALSE(without);
  EXPECT_THAT(without.error().message, HasSubstr("--data-dir PATH or --engine memory"));
  options.engine = memory_engine;
  EXPECT_TRUE(check_together(options));

  const auto given = configured({"serve", "--data-dir", "/srv/millrace//"});
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_EQ(given->options.data_dir, "/srv/millrace");
  EXPECT_THAT(given_names(*given), ElementsAre("data-dir"));
  EXPECT_EQ(error_of({"serve", "--data-dir", "/"}), "--data-dir: '/' is the root of the file system");
}

TEST_F(ConfigurationTest, ACommandThatWantsAnOperandIsGivenOne) {
  const Words words = {"check", "/srv/millrace"};
  const auto line = parse_command_line(words, option_rows());
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->operand, "/srv/millrace");
  EXPECT_EQ(error_of({"check"}), "millrace check needs DIR: millrace check DIR");
  EXPECT_EQ(error_of({"check", "/a", "/b"}), "'/b' is no option; options begin with --");
  EXPECT_EQ(error_of({"check", "--port", "1"}), "unknown option --port of millrace check");
}

TEST_F(ConfigurationTest, TheFileMayBeNamedByTheEnvironmentAndListAddresses) {
  files_.texts["/m.toml"] = "host = [\"0.0.0.0\", \"::\"]\nprint-example = true\n";
  const auto made = configured({"serve"}, {"HOME=/h", "MILLRACE_CONFIG=/m.toml"});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(made->options.hosts, ElementsAre("0.0.0.0", "::"));
  EXPECT_TRUE(made->options.print_example);
}

TEST_F(ConfigurationTest, AnEmptyVariableCountsAsAbsent) {
  const auto made = configured({"serve"}, {"HOME=/h", "MILLRACE_PORT="});
  ASSERT_TRUE(made);
  EXPECT_EQ(origin(*made, "port"), "default");
}

TEST_F(ConfigurationTest, UnknownNamesAreToldWithTheNearest) {
  EXPECT_EQ(error_of({"serve", "--memroy-max", "1GiB"}),
            "unknown option --memroy-max of millrace serve; did you mean --memory-max?");
  EXPECT_EQ(error_of({"sevre"}), "unknown command 'sevre'; did you mean millrace serve?");
  EXPECT_EQ(error_of({"health", "--threads", "1"}), "unknown option --threads of millrace health");
  files_.texts["/m.toml"] = "port = 1\n\nlog_level = \"info\"\n";
  EXPECT_EQ(error_of({"serve", "--config", "/m.toml"}),
            "/m.toml:3: unknown option 'log_level'; did you mean log-level?");
  const auto warned = configured({"serve"}, {"HOME=/h", "MILLRACE_MEMORY=1GiB", "MILLRACE_PROT=1"});
  ASSERT_TRUE(warned);
  EXPECT_THAT(warned->warnings,
              ElementsAre("unknown environment variable MILLRACE_MEMORY is ignored; did you mean MILLRACE_MEMORY_MAX?",
                          "unknown environment variable MILLRACE_PROT is ignored; did you mean MILLRACE_PORT?"));
}

TEST_F(ConfigurationTest, ABadValueIsToldWithItsOrigin) {
  EXPECT_EQ(error_of({"serve", "--port", "70000"}), "--port: '70000' is not a whole number from 0 to 65535");
  EXPECT_EQ(error_of({"serve"}, {"MILLRACE_MEMORY_MAX=64"}),
            "MILLRACE_MEMORY_MAX: '64' is not a size with its unit, such as 64MiB");
  files_.texts["/m.toml"] = "shutdown-timeout = 5\n";
  EXPECT_EQ(error_of({"serve", "--config", "/m.toml"}),
            "shutdown-timeout in /m.toml: '5' is not a duration with its unit, such as 5s or 500ms");
  EXPECT_EQ(error_of({"serve", "--engine", "disk"}),
            "--engine: 'disk' is not an engine of this version, which has: embedded, memory");
  EXPECT_EQ(error_of({"serve", "--durability", "none"}), "--durability: 'none' is not one of sync, os");
  EXPECT_THAT(error_of({"serve", "--disk-reserve", "17TiB"}), HasSubstr("is not from 0B to 16TiB"));
  EXPECT_THAT(error_of({"serve", "--log-level", "loud"}), HasSubstr("is not one of debug, info, warn, error"));
  EXPECT_THAT(error_of({"serve", "--account-id", "123"}), HasSubstr("12 digits"));
  for (std::string_view host : {"localhost", "", "127.0.0.1,", ",::1", "127.0.0.1, ::1"}) {
    EXPECT_THAT(error_of({"serve", "--host", host}), HasSubstr("is not an IPv4 or IPv6 address")) << host;
  }
}

TEST_F(ConfigurationTest, BrokenCommandLinesAreErrors) {
  EXPECT_EQ(error_of({}), "which command? millrace help lists them");
  EXPECT_EQ(error_of({"serve", "--port"}), "--port needs a value: PORT");
  EXPECT_EQ(error_of({"serve", "--port", "1", "--port=2"}), "--port is given twice");
  EXPECT_EQ(error_of({"serve", "4567"}), "'4567' is no option; options begin with --");
  EXPECT_EQ(error_of({"serve", "--print-config=maybe"}), "--print-config: 'maybe' is neither true nor false");
}

TEST_F(ConfigurationTest, BrokenFilesAreErrorsThatNameTheLine) {
  EXPECT_THAT(error_of({"serve", "--config", "/absent.toml"}), HasSubstr("cannot read the file of --config"));
  files_.texts["/m.toml"] = "port = \n";
  EXPECT_THAT(error_of({"serve", "--config", "/m.toml"}), HasSubstr("/m.toml:1: "));
  files_.texts["/m.toml"] = "port = 1\nport = 2\n";
  EXPECT_THAT(error_of({"serve", "--config", "/m.toml"}), HasSubstr("/m.toml:2: "));
  files_.texts["/m.toml"] = "[section]\nport = 2\n";
  EXPECT_THAT(error_of({"serve", "--config", "/m.toml"}), HasSubstr("/m.toml:1: unknown option 'section'"));
  files_.texts["/m.toml"] = "port = 1.5\n";
  EXPECT_EQ(error_of({"serve", "--config", "/m.toml"}), "/m.toml:1: port is neither a text nor a number");
  files_.texts["/m.toml"] = "config = \"/other.toml\"\n";
  EXPECT_THAT(error_of({"serve", "--config", "/m.toml"}), HasSubstr("unknown option 'config'"));
}

TEST_F(ConfigurationTest, BodiesMustFitTheirShareOfTheMemory) {
  EXPECT_EQ(error_of({"serve", "--memory-max", "64MiB"}, {"HOME=/h"}),
            "memory-max is too small for body-max 16MiB: bodies have 15 % of it, so give at least 107MiB");
  EXPECT_TRUE(configured({"serve", "--memory-max", "107MiB"}, {"HOME=/h"}));
  EXPECT_TRUE(configured({"serve", "--memory-max", "64MiB", "--body-max", "8MiB"}, {"HOME=/h"}));
}

TEST_F(ConfigurationTest, AccountsAreATableOfAccessKeys) {
  const auto made = configured({"serve", "--accounts", "AKIDA=111111111111,key/b=222222222222"});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->options.accounts.size(), 2U);
  EXPECT_EQ(made->options.accounts.find("AKIDA")->second, "111111111111");
  EXPECT_EQ(made->options.accounts.find("key/b")->second, "222222222222");
  files_.texts["/m.toml"] = "accounts = [\"AKIDA=111111111111\", \"AKIDC=333333333333\"]\n";
  const auto of_file = configured({"serve", "--config", "/m.toml"});
  ASSERT_TRUE(of_file) << of_file.error().message;
  EXPECT_EQ(of_file->options.accounts.find("AKIDC")->second, "333333333333");
  EXPECT_TRUE(configured({"serve", "--accounts", "A=111111111111,A=111111111111"}));
  EXPECT_EQ(error_of({"serve", "--accounts", "A=111111111111,A=222222222222"}),
            "--accounts: 'A=111111111111,A=222222222222' gives the access key A two accounts");
  for (std::string_view wrong : {"A", "=111111111111", "A=1", "A=111111111111,,B=222222222222", "A=11111111111x"})
    EXPECT_THAT(error_of({"serve", "--accounts", wrong}), HasSubstr("is not KEY=ACCOUNT")) << wrong;
}

TEST_F(ConfigurationTest, LimitsAreAProfile) {
  EXPECT_EQ(configured({"serve"})->options.limits, limits::Profile::relaxed);
  EXPECT_EQ(configured({"serve", "--limits", "strict"})->options.limits, limits::Profile::strict);
  EXPECT_EQ(error_of({"serve", "--limits", "harsh"}), "--limits: 'harsh' is not one of relaxed, strict");
}

TEST_F(ConfigurationTest, ADelayOfAKindWinsOverThatOfAll) {
  const auto made = configured({"serve", "--transition-delay", "3s", "--delete-delay", "0s", "--update-delay", "5ms"});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->options.transition_delay, std::chrono::seconds(3));
  EXPECT_FALSE(made->options.create_delay.has_value());
  EXPECT_EQ(made->options.delete_delay, std::chrono::seconds(0));
  EXPECT_EQ(made->options.update_delay, std::chrono::milliseconds(5));
  EXPECT_THAT(error_of({"serve", "--create-delay", "soon"}), HasSubstr("--create-delay: 'soon'"));
  EXPECT_THAT(error_of({"serve", "--create-delay", "2h"}), HasSubstr("is over 1h"));
}

TEST_F(ConfigurationTest, HealthLooksAtItsOwnOptionsOnly) {
  files_.texts["/m.toml"] = "port = 1\nmemory-max = \"broken\"\n";
  const auto made = configured({"health", "--config", "/m.toml"}, {"MILLRACE_HOST=0.0.0.0", "MILLRACE_ENGINE=broken"});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->options.port, 1);
  EXPECT_THAT(made->options.hosts, ElementsAre("0.0.0.0"));
}

TEST_F(ConfigurationTest, ThePrintedConfigurationIsAFileOfOptions) {
  files_.texts["/m.toml"] = "region = \"eu-west-1\"\n";
  const auto made =
      configured({"serve", "--config", "/m.toml", "--port", "9", "--data-dir", "/srv/m"}, {"MILLRACE_THREADS=3"});
  ASSERT_TRUE(made) << made.error().message;
  const std::string printed = print_configuration(*made);
  EXPECT_THAT(printed, testing::ContainsRegex("port = \"9\" +# --port\n"));
  EXPECT_THAT(printed, testing::ContainsRegex("threads = \"3\" +# MILLRACE_THREADS\n"));
  EXPECT_THAT(printed, testing::ContainsRegex("region = \"eu-west-1\" +# file /m.toml\n"));
  EXPECT_THAT(printed, testing::ContainsRegex("memory-max = \"1GiB\" +# default\n"));

  files_.texts["/printed.toml"] = printed;
  const auto again = configured({"serve", "--config", "/printed.toml"});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->options.port, 9);
  EXPECT_EQ(again->options.threads, 3u);
  EXPECT_EQ(again->options.region, "eu-west-1");
  EXPECT_EQ(again->options.data_dir, "/srv/m");
}

TEST_F(ConfigurationTest, SecretsAreNeverPrintedAndNeverPartOfAnError) {
  const auto parse = [](Options& options, std::string_view text) -> base::Result<void> {
    if (text == "wrong-secret") return base::fail(base::Errc::bad_config, "is not a token");
    options.region = std::string(text);
    return {};
  };
  const OptionRow rows[] = {
      {.name = "token", .value = "TEXT", .default_text = "", .help = "", .secret = true, .parse = parse}};
  const Words words = {"serve"};
  const auto line = parse_command_line(words, rows);
  ASSERT_TRUE(line);
  const Words environment = {"MILLRACE_TOKEN=hunter2"};
  const auto made = configure(*line, environment, files_, rows);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->options.region, "hunter2");
  EXPECT_THAT(print_configuration(*made), HasSubstr("<redacted>"));
  EXPECT_THAT(print_configuration(*made), Not(HasSubstr("hunter2")));
  const Words wrong = {"MILLRACE_TOKEN=wrong-secret"};
  EXPECT_EQ(configure(*line, wrong, files_, rows).error().message, "MILLRACE_TOKEN: is not a token");
}

}  // namespace
}  // namespace millrace::app
