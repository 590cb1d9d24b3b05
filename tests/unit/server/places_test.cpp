// Who gets the next place, and that a place is given back once.
#include <doctest/doctest.h>

#include "health/server/places.hpp"

namespace sengu::health {
namespace {

using Place = Places::Place;

/// Places, and what those who asked for one got.
struct PlacesBench {
  explicit PlacesBench(Places given) : places(std::move(given)) {}
  PlacesBench(const PlacesBench&) = delete;
  PlacesBench& operator=(const PlacesBench&) = delete;
  /// What is given back goes to whoever still waits, and he puts it here: not into a vector that is being destroyed.
  ~PlacesBench() {
    while (!held.empty()) std::exchange(held, {});
  }

  Places places;
  std::string order;
  std::vector<Place> held;

  Places::Ticket wait(Lane lane, char name) {
    return places.wait(lane, [this, name](Place place) {
      order += name;
      held.push_back(std::move(place));
    });
  }
};

TEST_CASE("places: without a limit nobody waits") {
  PlacesBench b(Places{});
  for (int i = 0; i < 3; ++i) b.wait(Lane::patient, 'a');
  CHECK(b.order == "aaa");
  CHECK(b.places.taken() == 0);
}

TEST_CASE("places: who waits is served in his turn, the urgent first") {
  PlacesBench b(Places(2, 2));
  for (const char name : {'a', 'b'}) b.wait(Lane::urgent, name);
  b.wait(Lane::patient, 'p');
  b.wait(Lane::urgent, 'c');
  b.wait(Lane::urgent, 'd');
  CHECK(b.order == "ab");
  CHECK(b.places.waiting() == 3);
  for (std::size_t i = 0; i < 3; ++i) b.held[i].give_back();
  CHECK(b.order == "abcdp");
  CHECK(b.places.taken() == 2);
}

TEST_CASE("places: the patient take their part and no more, until they are hurried") {
  PlacesBench b(Places(3, 1));
  b.wait(Lane::patient, 'p');
  b.wait(Lane::patient, 'q');
  const auto ticket = b.wait(Lane::patient, 'r');
  CHECK(b.order == "p");
  b.wait(Lane::urgent, 'a');
  CHECK(b.order == "pa");
  b.places.hurry(ticket);
  CHECK(b.order == "par");
  b.places.hurry(ticket);  // it has its place
  b.held[2].give_back();
  CHECK(b.order == "par");
  b.held[0].give_back();
  CHECK(b.order == "parq");
  CHECK(b.places.taken() == 2);
}

TEST_CASE("places: a hurried one waits with the urgent where all is taken") {
  PlacesBench b(Places(1, 1));
  b.wait(Lane::urgent, 'a');
  b.wait(Lane::patient, 'p');
  const auto ticket = b.wait(Lane::patient, 'q');
  b.places.hurry(ticket);
  CHECK(b.order == "a");
  b.held[0].give_back();
  CHECK(b.order == "aq");
}

TEST_CASE("places: thousands that have gone meanwhile give theirs back at once, one after the other") {
  Places places(1, 1);
  Place first;
  places.wait(Lane::urgent, [&](Place place) { first = std::move(place); });
  int called = 0;
  for (int i = 0; i < 200'000; ++i) places.wait(Lane::patient, [&](const Place&) { ++called; });
  first.give_back();
  CHECK(called == 200'000);
  CHECK(places.taken() == 0);
}

TEST_CASE("places: a place outlives whoever it is of, and is given back once") {
  Place left;
  {
    Places places(1, 1);
    places.wait(Lane::urgent, [&](Place place) { left = std::move(place); });
  }
  Place moved = std::move(left);
  left.give_back();
  moved.give_back();
  moved.give_back();
}

}  // namespace
}  // namespace sengu::health
