use std::fmt::Write;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Duration {
    SECOND * seconds as u32
}

fn flight(number: u64) -> Flight {
    Flight { keyring: KeyringId(1), number }
}

type Plain = Slot<(), &'static str>;
type Phase = (&'static str, fn() -> Plain, u64);

fn idle() -> Plain {
    let mut slot = led();
    slot.land(flight(1), at(10));
    slot
}

fn led() -> Plain {
    let mut slot = Plain::new();
    assert_eq!(slot.turn(Have::Nothing, at(0), at(20), || (flight(1), ())), Turn::Lead(flight(1)));
    slot
}

fn unled() -> Plain {
    let mut slot = led();
    slot.stumble(flight(1), true, at(10), "busy");
    slot
}

fn cooling() -> Plain {
    let mut slot = led();
    slot.cool(flight(1), at(10), "wrong url");
    slot
}

fn given_up() -> Plain {
    let mut slot = led();
    slot.stumble(flight(1), false, at(25), "busy");
    slot
}

fn refused() -> Plain {
    let mut slot = led();
    slot.refuse(flight(1), "wrong password");
    slot
}

/// Every cell of the keyring table, with the instants around its boundary.
#[test]
fn the_table() {
    let phases: [Phase; 7] = [
        ("new", Plain::new, 0),
        ("idle, not before 10", idle, 10),
        ("flying, led", led, 10),
        ("flying, not led, next try 10", unled, 10),
        ("cooling until 10", cooling, 10),
        ("cooling until 25, may pass", given_up, 25),
        ("refused", refused, 10),
    ];
    let mut table = String::new();
    for (name, make, boundary) in phases {
        for (when, tick) in
            [("before", at(boundary).saturating_sub(Duration::from_nanos(1))), ("at", at(boundary))]
        {
            write!(table, "{name:<29} {when:<6}").unwrap();
            for have in [Have::Fresh, Have::Alive, Have::Nothing] {
                let turn = make().turn(have, tick, at(30), || (flight(2), ()));
                let cell = match turn {
                    Turn::Use => "use".to_owned(),
                    Turn::Renew(flight) => format!("use, renew {}", flight.number),
                    Turn::Lead(flight) => format!("lead {}", flight.number),
                    Turn::Park(flight) => format!("park {}", flight.number),
                    Turn::Pause(until) => format!("pause until {}", until.as_secs()),
                    Turn::Fail(failure) => format!("fail: {failure}"),
                };
                write!(table, " | {cell:<18}").unwrap();
            }
            table.truncate(table.trim_end().len());
            table.push('\n');
        }
    }
    insta::assert_snapshot!(table, @"
    new                           before | use                | use, renew 2       | lead 2
    new                           at     | use                | use, renew 2       | lead 2
    idle, not before 10           before | use                | use                | pause until 10
    idle, not before 10           at     | use                | use, renew 2       | lead 2
    flying, led                   before | use                | use                | park 1
    flying, led                   at     | use                | use                | park 1
    flying, not led, next try 10  before | use                | use                | lead 1
    flying, not led, next try 10  at     | use                | use, renew 1       | lead 1
    cooling until 10              before | use                | use                | fail: wrong url
    cooling until 10              at     | use                | use, renew 2       | lead 2
    cooling until 25, may pass    before | use                | use                | pause until 25
    cooling until 25, may pass    at     | use                | use, renew 2       | lead 2
    refused                       before | use                | use                | fail: wrong password
    refused                       at     | use                | use                | fail: wrong password
    ");
}

#[test]
fn who_cannot_wait_for_the_next_try_is_told_at_once() {
    let mut slot = given_up();
    let turn = |slot: &mut Plain, deadline| slot.turn(Have::Nothing, at(5), deadline, || (flight(2), ()));
    assert_eq!(turn(&mut slot, at(25)), Turn::Fail("busy"));
    assert_eq!(turn(&mut slot, at(25) + Duration::from_nanos(1)), Turn::Pause(at(25)));
}

#[test]
fn a_flight_is_not_given_up_while_one_that_waits_has_time() {
    let mut slot = led();
    assert_eq!(slot.turn(Have::Nothing, at(1), at(26), || unreachable!()), Turn::Park(flight(1)));
    slot.stumble(flight(1), false, at(25), "busy");
    assert!(slot.is_led(flight(1)), "the leader waits for the next try, the other for the leader");
    slot.stumble(flight(1), false, at(26), "busy");
    assert!(!slot.is_led(flight(1)));
    assert_eq!(slot.last_failure(), Some(&"busy"));
}

#[test]
fn a_leader_that_goes_away_hands_on() {
    let mut slot = led();
    slot.leave(flight(1), at(3));
    assert!(!slot.is_led(flight(1)));
    assert_eq!(slot.turn(Have::Nothing, at(1), at(9), || unreachable!()), Turn::Lead(flight(1)));
    assert_eq!(slot.next_try(flight(1)), Some(at(3)));
    assert_eq!(slot.turn(Have::Nothing, at(1), at(9), || unreachable!()), Turn::Park(flight(1)));
}

#[test]
fn what_is_told_of_another_flight_is_ignored() {
    let mut slot = led();
    slot.land(flight(7), at(1));
    slot.cool(flight(7), at(1), "x");
    slot.refuse(flight(7), "x");
    slot.stumble(flight(7), false, at(99), "x");
    slot.leave(flight(7), at(1));
    assert!(slot.is_led(flight(1)));
    assert_eq!(slot.failures_with_this(false), 1);
    assert_eq!(slot.work(flight(7)), None);
}

#[test]
fn failures_are_counted_over_flights_until_one_lands() {
    let mut slot = given_up();
    assert_eq!(slot.failures_with_this(false), 2);
    assert_eq!(slot.turn(Have::Nothing, at(25), at(99), || (flight(2), ())), Turn::Lead(flight(2)));
    slot.stumble(flight(2), false, at(27), "busy");
    assert_eq!(slot.failures_with_this(false), 3);
    slot.land(flight(2), at(28));
    assert_eq!(slot.failures_with_this(false), 1);
    assert_eq!(slot.failures_with_this(true), 2);
    assert_eq!(slot.last_failure(), None);
}

#[test]
fn hope_is_the_latest_deadline_and_a_next_try_is_never_moved_forward() {
    let mut slot = led();
    assert_eq!(slot.turn(Have::Nothing, at(1), at(26), || unreachable!()), Turn::Park(flight(1)));
    assert_eq!(slot.turn(Have::Nothing, at(1), at(10), || unreachable!()), Turn::Park(flight(1)));
    slot.stumble(flight(1), false, at(25), "busy");
    assert!(slot.is_led(flight(1)), "one of them has time until 26");
    slot.leave(flight(1), at(3));
    assert_eq!(slot.next_try(flight(1)), Some(at(25)));
}

#[test]
fn final_failures_count_too() {
    let mut slot = led();
    slot.cool(flight(1), at(5), "wrong url");
    assert_eq!(slot.turn(Have::Nothing, at(5), at(30), || (flight(2), ())), Turn::Lead(flight(2)));
    slot.cool(flight(2), at(9), "wrong url");
    assert_eq!(slot.failures_with_this(false), 3);
}
