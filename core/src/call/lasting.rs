//! Whether the tokens of a call last as long as the operation that it belongs to.

use super::Call;
use crate::allow_expired::{Need, When};
use crate::error::{Failure, Who};
use crate::lease::Lease;
use crate::skew::ServerClock;
use crate::time::Now;

impl Call {
    /// Fails if one of them ends before the operation does and will not be renewed unattended. A
    /// service token that is not there yet is taken to last; it is looked at when it has come.
    pub(super) fn check_lasting(
        &self,
        user: Option<&Lease>,
        service: Option<&Lease>,
        now: Now,
        clock: &ServerClock,
    ) -> Result<(), Failure> {
        let (Some((begun, span)), Some(user), true) = (self.session.lasting, user, self.session.tokens)
        else {
            return Ok(());
        };
        let wanted = span.saturating_sub(now.since(begun));
        let to_keystone = self.session.endpoint.as_ref().is_some_and(|endpoint| endpoint.is_identity());
        let vouching = self.session.voucher().filter(|_| !to_keystone);
        if let Some(own) = user.unattended_end(now, clock) {
            let carried = vouching.and_then(|v| user.left_vouched(service, v.window, now, clock));
            let left = carried.unwrap_or(own);
            if left < wanted {
                return Err(Failure::WontLast { who: Who::User, left, wanted, remedy: user.remedy });
            }
        }
        let always = vouching.is_some_and(|v| v.when == When::Always && v.need == Need::Required);
        match service
            .filter(|_| always)
            .and_then(|service| Some((service, service.unattended_end(now, clock)?)))
        {
            Some((service, left)) if left < wanted => {
                Err(Failure::WontLast { who: Who::Service, left, wanted, remedy: service.remedy })
            }
            _ => Ok(()),
        }
    }
}
