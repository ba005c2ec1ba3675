#pragma once

#include <compare>
#include <string>
#include <string_view>

// How the catalogue tells streams apart: streams of the same name in two accounts or regions have nothing in common.
namespace millrace::catalog {

// An account in one region: what its limits and settings hold for.
struct Place {
  std::string account;  // 12 digits
  std::string region;
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct StreamKey {
  Place place;
  std::string name;
  friend auto operator<=>(const StreamKey&, const StreamKey&) = default;
};

// The same by reference, for searches that copy nothing.
struct PlaceView {
  std::string_view account;
  std::string_view region;

  PlaceView(std::string_view a, std::string_view r) : account(a), region(r) {}
  PlaceView(const Place& place) : account(place.account), region(place.region) {}
  Place copy() const { return {std::string(account), std::string(region)}; }
  friend auto operator<=>(const PlaceView&, const PlaceView&) = default;
};

struct StreamKeyView {
  PlaceView place;
  std::string_view name;

  StreamKeyView(PlaceView p, std::string_view n) : place(p), name(n) {}
  StreamKeyView(const StreamKey& key) : place(key.place), name(key.name) {}
  StreamKey copy() const { return {place.copy(), std::string(name)}; }
  friend auto operator<=>(const StreamKeyView&, const StreamKeyView&) = default;
};

// Orders of sorted containers, by code point: account, region, name.
struct PlaceLess {
  bool operator()(PlaceView a, PlaceView b) const { return a < b; }
};
struct StreamKeyLess {
  bool operator()(StreamKeyView a, StreamKeyView b) const { return a < b; }
};

}  // namespace millrace::catalog
