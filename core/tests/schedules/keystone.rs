//! Keystone in these schedules: down, hanging, or granting tokens; and who asks how often.

use super::*;

impl World {
    pub(super) fn ask(&mut self, ask: &Ask) -> (&'static str, Duration, Event) {
        let body = String::from_utf8_lossy(ask.request.body().reveal()).into_owned();
        let who = if body.contains("alice") { "alice" } else { "nova" };
        let now = self.tick;
        let outstanding = self.outstanding.entry(who).or_default();
        *outstanding += 1;
        assert!(*outstanding == 1, "rule 1: {outstanding} token requests at once for {who}");
        let least = (SECOND * (self.life as u32 - 1) / 4).min(SECOND * 5);
        if let Some(landed) = self.landed.get(who).and_then(|all| all.last()) {
            assert!(now >= *landed + least, "rule 5: {who} asks {:?} after a success", now - *landed);
        }
        let asked = self.asked.entry(who).or_default();
        if let Some(last) = asked.last() {
            assert!(
                now >= *last + least.min(MILLI * 500),
                "rule 5: {who} asks {:?} after asking",
                now - *last
            );
        }
        asked.push(now);
        let within =
            |spans: &[(Duration, Duration)]| spans.iter().any(|(from, to)| (*from..*to).contains(&now));
        if within(&self.down) {
            let cause = Cause { kind: Trouble::Connect, text: String::new() };
            return (who, MILLI, Event::Broke(Broke::Unsent(cause)));
        }
        if within(&self.hang) || now + self.keystone_latency > ask.until {
            return (who, ask.until.saturating_sub(now), Event::Broke(Broke::Late));
        }
        let issued = asked.len();
        let name = format!("{who}-{issued}");
        let cloud = self.cloud();
        let end = now + SECOND * self.life as u32;
        self.tokens.insert(name.clone(), (who, SECOND * end.as_secs() as u32, now));
        let answer: Response<Vec<u8>> = granted(&name, cloud, self.life, &["member", "service"]);
        (who, self.keystone_latency, Event::Answered(answer))
    }
}
