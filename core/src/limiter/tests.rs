use super::*;

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const START: Duration = Duration::from_secs(1000);

fn at(millis: u32) -> Duration {
    START + MILLI * millis
}

fn late() -> Entry {
    Entry::Late(Failure::Late { waiting_for: Wait::Turn, last: None })
}

fn queue() -> Entry {
    Entry::Queue { until: None }
}

/// When a caller comes, to which gates, and how long it stays inside.
type Caller<'a> = (u32, &'a [GateId], u32);

/// Lets callers come at these instants, each for a while inside, and says when each went in. They do
/// as a driver does: whoever is told to queue asks again only if woken.
fn run(limiter: &mut Limiter, callers: &[Caller<'_>]) -> Vec<u32> {
    let mut tickets: Vec<Option<Ticket>> = vec![None; callers.len()];
    let mut went: Vec<Option<u32>> = vec![None; callers.len()];
    let mut alarm: Vec<Option<Duration>> = vec![None; callers.len()];
    for millis in 0..60_000 {
        let now = at(millis);
        let is_over =
            |(went, caller): (&Option<u32>, &Caller<'_>)| went.is_some_and(|went| went + caller.2 < millis);
        if went.iter().zip(callers).all(is_over) {
            break;
        }
        let mut asking: Vec<usize> = Vec::new();
        for (n, (comes, gates, inside)) in callers.iter().enumerate() {
            if *comes == millis {
                tickets[n] = Some(limiter.enter(gates));
                asking.push(n);
            }
            if alarm[n].take_if(|alarm| *alarm <= now).is_some() {
                asking.push(n);
            }
            if went[n].is_some_and(|went| went + inside == millis) {
                limiter.leave(tickets[n].unwrap());
            }
        }
        loop {
            for n in std::mem::take(&mut asking) {
                match limiter.ask(tickets[n].unwrap(), now, None) {
                    Entry::Go => went[n] = Some(millis),
                    Entry::Wait { until } => alarm[n] = Some(until),
                    Entry::Queue { .. } => {}
                    Entry::Late(failure) => panic!("{failure:?}"),
                }
            }
            let woken = limiter.wake(now);
            if woken.is_empty() {
                break;
            }
            asking
                .extend(woken.iter().map(|t| tickets.iter().position(|ticket| ticket == &Some(*t)).unwrap()));
        }
    }
    assert!(limiter.waiting.is_empty() && limiter.inside.is_empty(), "{limiter:?}");
    went.into_iter().map(|went| went.expect("it never went in")).collect()
}

#[test]
fn as_many_at_once_as_were_allowed_and_not_one_more() {
    for (most, expected) in
        [(1, [0, 10, 20, 30, 40]), (2, [0, 0, 10, 10, 20]), (4, [0, 0, 0, 0, 10]), (9, [0; 5])]
    {
        let mut limiter = Limiter::default();
        let gate = limiter.add(Limit::new().at_once(most));
        let gates: &[GateId] = &[gate];
        assert_eq!(run(&mut limiter, &[(0, gates, 10); 5]), expected, "{most} at once");
    }
}

#[test]
fn who_came_first_goes_first() {
    let mut limiter = Limiter::default();
    let gate = limiter.add(Limit::new().at_once(1));
    let gates: &[GateId] = &[gate];
    let callers = [(0, gates, 100), (3, gates, 10), (1, gates, 10), (2, gates, 10), (100, gates, 10)];
    assert_eq!(run(&mut limiter, &callers), [0, 120, 100, 110, 130]);
}

#[test]
fn a_rate_is_even_and_idle_time_is_not_saved_up() {
    let mut limiter = Limiter::default();
    let gate = limiter.add(Limit::new().rate(10, SECOND));
    let gates: &[GateId] = &[gate];
    let mut callers = vec![(0, gates, 1); 3];
    callers.extend([(2300, gates, 1); 4]);
    assert_eq!(run(&mut limiter, &callers), [0, 100, 200, 2300, 2400, 2500, 2600]);
}

#[test]
fn after_idle_time_there_is_one_burst_and_then_the_rate() {
    let mut limiter = Limiter::default();
    let gate = limiter.add(Limit::new().rate(10, SECOND).burst(3));
    let gates: &[GateId] = &[gate];
    let mut callers = vec![(0, gates, 1); 5];
    callers.extend([(2300, gates, 1); 26]);
    let went = run(&mut limiter, &callers);
    assert_eq!(went[..9], [0, 0, 0, 100, 200, 2300, 2300, 2300, 2400]);
    let in_half_a_second = went.iter().filter(|millis| (2300..2800).contains(*millis)).count();
    assert_eq!(in_half_a_second, 7, "three at once, and four in the rest of it");
}

#[test]
fn in_no_span_are_there_more_than_the_burst_and_the_rate() {
    let mut limiter = Limiter::default();
    let gate = limiter.add(Limit::new().rate(20, SECOND).burst(4).at_once(3));
    let gates: &[GateId] = &[gate];
    let mut random = crate::random::Random::new(5);
    let mut draw = |limit: u32| u32::try_from(random.below(MILLI * limit).as_millis()).unwrap();
    let callers: Vec<Caller<'_>> = (0..200).map(|_| (draw(9000), gates, 1 + draw(200))).collect();
    let went = run(&mut limiter, &callers);
    for from in (0..20_000).step_by(7) {
        for span in [1, 50, 100, 500, 2000] {
            let begun = went.iter().filter(|went| (from..from + span).contains(*went)).count();
            assert!(begun <= 4 + (span / 50) as usize, "{begun} in {span} ms from {from}");
        }
        let inside = went.iter().zip(&callers).filter(|(went, c)| (**went..**went + c.2).contains(&from));
        assert!(inside.count() <= 3, "at {from}");
    }
    let mut order: Vec<usize> = (0..callers.len()).collect();
    order.sort_by_key(|n| (callers[*n].0, *n));
    assert!(order.windows(2).all(|pair| went[pair[0]] <= went[pair[1]]), "nobody is overtaken");
}

#[test]
fn two_gates_both_hold_and_neither_is_held_for_the_other() {
    let world = || {
        let mut limiter = Limiter::default();
        let session = limiter.add(Limit::new().at_once(2));
        let adapter = limiter.add(Limit::new().rate(10, SECOND));
        (limiter, session, adapter)
    };
    let (mut limiter, session, adapter) = world();
    let both: &[GateId] = &[session, adapter, session];
    let alone: &[GateId] = &[session];
    // Two of the adapter's wait for their time, and take no place in the session from the others.
    let callers =
        [(0, both, 20), (0, both, 20), (0, both, 20), (1, alone, 30), (2, alone, 30), (99, alone, 200)];
    assert_eq!(run(&mut limiter, &callers), [0, 100, 200, 1, 20, 99]);
    let (mut limiter, ..) = world();
    // The adapter's time passes while the session is full: it is not saved up for a burst.
    let callers = [(0, alone, 500), (0, alone, 500), (0, both, 1), (0, both, 1), (0, both, 1)];
    assert_eq!(run(&mut limiter, &callers), [0, 0, 500, 600, 700]);
}

#[test]
fn the_first_at_two_gates_is_not_starved_by_those_at_one() {
    let mut limiter = Limiter::default();
    let (wide, narrow) = (limiter.add(Limit::new().at_once(1)), limiter.add(Limit::new().at_once(1)));
    let (both, wide): (&[GateId], &[GateId]) = (&[wide, narrow], &[wide]);
    let mut callers: Vec<Caller<'_>> = vec![(0, both, 50), (1, both, 10)];
    callers.extend((2..40).map(|comes| (comes, wide, 7)));
    let went = run(&mut limiter, &callers);
    assert_eq!(went[1], 50, "as soon as both are open");
}

#[test]
fn who_leaves_the_queue_gives_the_place_to_the_next() {
    let mut limiter = Limiter::default();
    let gate = limiter.add(Limit::new().at_once(1).rate(10, SECOND));
    let tickets: Vec<Ticket> = (0..4).map(|_| limiter.enter(&[gate])).collect();
    assert_eq!(limiter.ask(tickets[0], at(0), None), Entry::Go);
    for ticket in &tickets[1..] {
        assert_eq!(limiter.ask(*ticket, at(0), None), queue());
    }
    assert_eq!(limiter.wake(at(0)), []);
    limiter.leave(tickets[0]);
    assert_eq!(limiter.wake(at(1)), [tickets[1]], "to wait for its tick");
    assert_eq!(limiter.ask(tickets[1], at(1), None), Entry::Wait { until: at(100) });
    // It is dropped while it waits: the next is told to wait for the same tick.
    limiter.leave(tickets[1]);
    assert_eq!(limiter.wake(at(2)), [tickets[2]]);
    assert_eq!(limiter.ask(tickets[2], at(2), None), Entry::Wait { until: at(100) });
    assert_eq!(limiter.ask(tickets[2], at(100), None), Entry::Go);
    assert_eq!(limiter.wake(at(100)), []);
    limiter.leave(tickets[2]);
    limiter.leave(tickets[2]);
    assert_eq!(limiter.wake(at(300)), [tickets[3]]);
    // Woken, and dropped before it asked again: a place that nobody took.
    limiter.leave(tickets[3]);
    let late_comer = limiter.enter(&[gate]);
    assert_eq!(limiter.ask(late_comer, at(300), None), Entry::Go);
}

#[test]
fn whoever_cannot_be_in_time_is_told_so() {
    let mut limiter = Limiter::default();
    let gate = limiter.add(Limit::new().rate(1, SECOND).at_once(5));
    let [first, second, third] = [0; 3].map(|_| limiter.enter(&[gate]));
    assert_eq!(limiter.ask(first, at(0), Some(at(10))), Entry::Go);
    assert_eq!(limiter.ask(second, at(0), Some(at(1000))), late(), "at its end it is too late");
    limiter.leave(second);
    assert_eq!(limiter.ask(third, at(0), Some(at(1001))), Entry::Wait { until: at(1000) });
    let fourth = limiter.enter(&[gate]);
    assert_eq!(limiter.ask(fourth, at(0), Some(at(50))), Entry::Queue { until: Some(at(50)) });
    assert_eq!(limiter.ask(fourth, at(50), Some(at(50))), late());
}

#[test]
fn a_gate_that_is_closed_holds_up_nobody_at_another() {
    let mut limiter = Limiter::default();
    let (full, timed) = (limiter.add(Limit::new().at_once(1)), limiter.add(Limit::new().rate(1, SECOND)));
    let open = limiter.add(Limit::new());
    let [in_full, in_timed] = [full, timed].map(|gate| limiter.enter(&[gate]));
    assert_eq!(limiter.ask(in_full, at(0), None), Entry::Go);
    assert_eq!(limiter.ask(in_timed, at(0), None), Entry::Go);
    let [before_full, before_timed, behind_timed] = [full, timed, timed].map(|gate| limiter.enter(&[gate]));
    let elsewhere = limiter.enter(&[open]);
    assert_eq!(limiter.ask(before_full, at(0), None), queue());
    assert_eq!(limiter.ask(before_timed, at(0), None), Entry::Wait { until: at(1000) });
    assert_eq!(limiter.ask(behind_timed, at(0), None), queue(), "one of them keeps the time");
    assert_eq!(limiter.ask(elsewhere, at(0), None), Entry::Go);
}

#[test]
fn odd_limits_are_harmless() {
    for (limit, expected) in [
        (Limit::new(), Entry::Go),
        (Limit::new().rate(0, SECOND).burst(0).at_once(0), Entry::Wait { until: at(1000) }),
        (Limit::new().rate(u32::MAX, Duration::ZERO), Entry::Go),
        (Limit::new().rate(1, Duration::MAX).burst(u32::MAX), Entry::Go),
        (Limit::new().rate(1, Duration::MAX), Entry::Wait { until: Duration::MAX }),
    ] {
        let mut limiter = Limiter::default();
        let gate = limiter.add(limit);
        let first = limiter.enter(&[gate]);
        assert_eq!(limiter.ask(first, at(0), None), Entry::Go, "{limit:?}");
        limiter.leave(first);
        let second = limiter.enter(&[gate]);
        assert_eq!(limiter.ask(second, at(0), None), expected, "{limit:?}");
    }
}

#[test]
fn without_gates_there_is_nothing_to_wait_for() {
    let mut limiter = Limiter::default();
    let gate = limiter.add(Limit::new().at_once(1));
    let (first, none) = (limiter.enter(&[gate]), limiter.enter(&[]));
    assert_eq!(limiter.ask(none, at(0), None), Entry::Go);
    assert_eq!(limiter.ask(first, at(0), None), Entry::Go);
    let second = limiter.enter(&[gate]);
    assert_eq!(limiter.ask(second, at(0), None), queue());
    limiter.start_afresh();
    assert_eq!(limiter.ask(second, at(0), None), Entry::Go, "who was in the parent holds up nobody");
    limiter.remove(gate);
    let third = limiter.enter(&[gate]);
    assert_eq!(limiter.ask(third, at(0), None), Entry::Go);
}

/// Beside two gates of which one is open, and so never closes the matter for all.
#[test]
fn a_long_queue_is_not_walked_through_for_each_that_stands_in_it() {
    let mut limiter = Limiter::default();
    let [full, other, idle] = [(); 3].map(|()| limiter.add(Limit::new().at_once(1)));
    let mut inside = vec![limiter.enter(&[full]), limiter.enter(&[other])];
    for ticket in &inside {
        assert_eq!(limiter.ask(*ticket, START, None), Entry::Go);
    }
    let mut gates = [vec![full], vec![full, idle], vec![other]].into_iter().cycle();
    let mut queue: Vec<Ticket> = Vec::new();
    // Step by step through all that stand there, this would be some billion steps.
    for _ in 0..30_000 {
        let ticket = limiter.enter(&gates.next().unwrap());
        assert_eq!(limiter.ask(ticket, START, None), self::queue());
        assert_eq!(limiter.wake(START), []);
        queue.push(ticket);
    }
    let mut went = Vec::new();
    while let Some(ticket) = inside.pop() {
        limiter.leave(ticket);
        for ticket in limiter.wake(START) {
            assert_eq!(limiter.ask(ticket, START, None), Entry::Go);
            went.push(ticket);
            inside.push(ticket);
        }
    }
    went.sort_unstable();
    assert_eq!(went, queue, "each had its turn");
}
