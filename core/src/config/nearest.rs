//! The name that was probably meant.

/// The nearest of these names, if it is near enough to be meant: a letter or two apart, or three in
/// a long name.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // What is longer than any option is none of them, and comparing takes as long as both are.
    if name.len() > 64 {
        return None;
    }
    let written = plain(name);
    let near = match written.chars().count() {
        0..=3 => 1,
        4..=9 => 2,
        _ => 3,
    };
    let apart = |known: &str| strsim::damerau_levenshtein(&written, &plain(known));
    let candidates = known.into_iter().map(|known| (apart(known), known));
    candidates.filter(|(apart, _)| *apart <= near).min().map(|(_, name)| name)
}

/// Hyphens, underscores and case say nothing.
fn plain(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_names_are_not() {
        let known = ["auth_url", "username", "user_domain_name", "password", "project_name", "trust_id"];
        for (written, meant) in [
            ("auth_ulr", Some("auth_url")),
            ("user-name", Some("username")),
            ("Pasword", Some("password")),
            ("projekt_name", Some("project_name")),
            ("user_domian_nmae", Some("user_domain_name")),
            ("ovs_bridge", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, known), meant, "{written}");
        }
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }
}
