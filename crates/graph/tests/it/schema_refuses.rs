//! What the schema language refuses: where, why, and what it proposes.

use graph::{Schema, limits};

/// `line:column message; hint` of every error.
fn errors(text: &str) -> Vec<String> {
    let errors = Schema::parse(text).expect_err(text);
    errors.iter().map(|one| format!("{}:{} {}; {}", one.line, one.column, one.message, one.hint)).collect()
}

/// The errors in a type `document` with these statements, one a line, beginning in line 1. `user`, `group` with a
/// `member`, and `club` with a `guest` that allows a wildcard exist.
fn errors_in(statements: &str) -> Vec<String> {
    errors(&format!(
        "definition user {{}} definition group {{ relation member: user; permission lead = member; }} \
         definition club {{ relation guest: user:*; permission open = guest; }} definition document {{\n{statements}\n}}"
    ))
}

#[test]
fn a_slip_in_a_name_is_placed_and_the_name_proposed() {
    assert_eq!(
        errors_in("relation viewer: usr\npermission view = viewr"),
        [
            "2:18 unknown type `usr`; did you mean `user`?",
            "3:19 `document` has no relation or permission `viewr`; did you mean `viewer`?",
        ]
    );
    assert_eq!(
        errors_in("relation viewer: group#membr"),
        ["2:24 `group` has no relation or permission `membr`; did you mean `member`?"]
    );
    assert_eq!(
        errors_in("relatoin viewer: user"),
        ["2:1 expected `relation` or `permission`, found `relatoin`; did you mean `relation`?"]
    );
    assert_eq!(
        errors("definitoin user {}"),
        ["1:1 expected `definition`, found `definitoin`; did you mean `definition`?"]
    );
}

#[test]
fn what_this_version_leaves_out_is_named() {
    let unsupported = |text: &str| {
        let first = errors(text).remove(0);
        assert!(first.contains("is not supported in this version"), "{first}");
        first
    };
    assert!(
        unsupported("definition user {}\ncaveat late(hour int) {\n  hour > 20 && \"}\" != \"\"\n}")
            .starts_with("2:1 `caveat`")
    );
    assert!(unsupported("use expiration").starts_with("1:5 `use expiration`"));
    assert!(unsupported("use partial").starts_with("1:5 `use partial`"));
    assert!(unsupported("import \"other.zed\"").starts_with("1:1 `import`"));
    assert!(unsupported("partial shared {\n}").starts_with("1:1 `partial`"));
    let with = "definition user {\n  relation peer: user with late and expiration\n}";
    assert!(unsupported(with).starts_with("2:23 `with`"));
    assert_eq!(errors("definition user {}\ncaveat late(hour int) {\n hour > 20\n}\ndefinition doc {}").len(), 1);
}

#[test]
fn a_statement_needs_an_end_before_the_brace() {
    let hint = "a statement needs a newline or `;` before `}`; put `;` before this brace";
    assert_eq!(errors("definition user { relation peer: user }"), [format!("1:39 {hint}")]);
    assert_eq!(errors("definition user { permission peer = nil}"), [format!("1:40 {hint}")]);
    assert_eq!(
        errors("definition user { relation peer: user relation pal: user; }"),
        ["1:39 expected the end of the statement, found `relation`; end it with a newline or `;`"]
    );
}

#[test]
fn everything_defined_twice_is_reported() {
    assert_eq!(
        errors("definition user {}\ndefinition user {}"),
        ["2:12 `user` is defined twice; remove or rename one of the two"]
    );
    assert_eq!(
        errors_in("relation view: user\npermission view = nil"),
        ["3:12 `document` already has a relation or permission `view`; remove or rename one of the two"]
    );
    assert_eq!(errors_in("relation view: user | user#... "), ["2:23 `user` is listed twice; remove one of the two"]);
}

#[test]
fn an_arrow_begins_at_a_relation_without_a_wildcard_and_leads_somewhere() {
    let first = |statements: &str| errors_in(statements).remove(0);
    assert!(
        first("permission all_in = nil\npermission view = all_in->member")
            .starts_with("3:19 `all_in` is a permission;")
    );
    assert!(
        first("permission view = team->member").starts_with("2:19 `document` has no relation or permission `team`")
    );
    assert!(
        first("relation anyone: group | user:*\npermission view = anyone->member")
            .starts_with("3:19 `anyone` allows the wildcard `user:*`")
    );
    assert_eq!(
        errors_in("relation team: group | user\npermission view = team->membr"),
        ["3:25 no type that `team` allows has a relation or permission `membr`; did you mean `member`?"]
    );
    assert!(
        first("relation team: group\npermission view = team->member->member")
            .contains("an arrow cannot follow an arrow")
    );
    assert!(first("relation team: group\npermission view = team.some(member)").contains("expected `any` or `all`"));
}

#[test]
fn a_wildcard_is_not_passed_on_by_a_relation() {
    assert_eq!(
        errors_in("relation viewer: club#guest"),
        [
            "2:23 `club#guest` allows the wildcard `user:*`; a wildcard cannot be passed on: allow it here directly, or refer \
          to a relation without one"
        ]
    );
    assert!(
        Schema::parse(
            "definition user {} definition club { relation guest: user:*; permission open = guest; }
        definition document { relation viewer: club#open; }"
        )
        .is_ok()
    );
}

#[test]
fn a_permission_computed_from_itself_is_refused() {
    assert!(
        errors_in("permission view = view")[0]
            .starts_with("2:12 permissions that are computed from themselves: `view`;")
    );
    let circle = errors_in(
        "relation team: group\npermission aaa = nil + ccc\npermission bbb = aaa\npermission ccc = bbb & team",
    );
    assert_eq!(circle.len(), 1);
    assert!(
        circle[0].starts_with("3:12 permissions that are computed from themselves: `aaa`, `bbb`, `ccc`;"),
        "{circle:?}"
    );
}

#[test]
fn names_keep_to_the_rules_and_off_the_reserved_words() {
    assert!(
        errors_in("relation ab: user")[0]
            .starts_with("2:10 a relation name `ab` is 2 bytes long; the limits are 3 to 64")
    );
    assert!(errors_in("permission canEdit = nil")[0].starts_with("2:15 a permission name `canEdit` contains 'E'"));
    assert!(errors("definition docs/x {}")[0].starts_with("1:17 a type name `docs/x` is 1 bytes long"));
    for word in ["nil", "with", "relation", "caveat"] {
        assert!(errors_in(&format!("relation {word}: user"))[0].contains("is a reserved word"), "{word}");
    }
    assert!(
        errors("use self\ndefinition user { relation self: user; }")[0].starts_with("2:28 `self` is a reserved word")
    );
}

#[test]
fn use_comes_first_and_only_with_a_known_feature() {
    assert!(errors("definition user {}\nuse self")[0].starts_with("2:1 `use` stands after a definition"));
    assert_eq!(errors("use slef"), ["1:5 unknown feature `slef`; did you mean `self`?"]);
}

#[test]
fn an_annotation_holds_every_type_that_is_reached() {
    let first = |permission: &str| {
        let text = format!(
            "use typechecking\ndefinition user {{}}\ndefinition robot {{}}
             definition group {{ relation member: user | group#guest; relation guest: robot; }}
             definition document {{ relation team: group; relation viewer: group#member\n{permission}\n}}"
        );
        errors(&text).remove(0)
    };
    assert!(first("permission view: user = viewer").starts_with("6:12 `view` also reaches `robot`;"));
    assert!(first("permission view: robot = team->member").starts_with("6:12 `view` also reaches `user`;"));
    assert!(first("permission view: robot = team & viewer").starts_with("6:12 `view` also reaches `user`, `group`;"));
    assert!(first("permission view: usr = viewer").starts_with("6:18 unknown type `usr`;"));
    assert!(
        errors("use self\nuse typechecking\ndefinition user {}\ndefinition doc { permission view: user = self; }")[0]
            .contains("`view` also reaches `doc`")
    );
    assert!(errors_in("permission view: user = nil")[0].contains("add `use typechecking`"));
}

#[test]
fn several_errors_are_found_in_one_reading() {
    let found =
        errors("definition user {\n  relation one user\n  relation two: user\n  permission = two\n}\ndefinition {}\n");
    let places: Vec<&str> = found.iter().map(|error| error.split(' ').next().unwrap()).collect();
    assert_eq!(places, ["2:16", "4:14", "6:12"], "{found:#?}");
}

#[test]
fn what_is_left_open_is_reported() {
    assert_eq!(
        errors("definition user {\n  relation peer: user\n"),
        ["3:1 expected `}`, found the end of the text; close the definition above with `}`"]
    );
    assert_eq!(
        errors("definition user {\n  relation peer: user\ndefinition doc {}"),
        ["3:1 expected `}`, found `definition`; close the definition above with `}`"]
    );
    assert!(
        errors("definition user {} /* and")[0]
            .starts_with("1:20 expected `definition`, found a comment that is never closed")
    );
    assert!(errors_in("permission view = (nil")[0].contains("expected `)`, found"));
    assert!(errors_in("permission view = nil +")[0].starts_with("3:1 expected a relation or permission, found `}`"));
}

#[test]
fn parentheses_left_open_by_an_error_do_not_count_in_the_next_statement() {
    let open = "(".repeat(limits::EXPRESSION_DEPTH_MAX);
    let close = ")".repeat(limits::EXPRESSION_DEPTH_MAX);
    let found = errors_in(&format!("permission aaa = {open}\npermission bbb = {open}nil{close}\nrelation ccc: usr"));
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn the_errors_reported_are_bounded_and_say_so() {
    let text = format!("definition user {{\n{}}}", "relation peer: nobody\n".repeat(1_000));
    let errors = Schema::parse(&text).unwrap_err();
    assert_eq!(errors.iter().count(), limits::ERRORS_MAX);
    assert!(errors.truncated() && errors.to_string().ends_with("there may be more errors"));
    assert_eq!(self::errors(&"?\n".repeat(1_000)).len(), 1, "there is no line to go on at");
}

#[test]
fn going_over_a_limit_names_it() {
    let over = |text: &str, limit: usize| {
        let first = errors(text).remove(0);
        assert!(first.contains(&format!("more than {limit}")), "{first}");
    };
    let deep = limits::EXPRESSION_DEPTH_MAX + 1;
    over(&format!("definition user {{\npermission view = {}nil{}\n}}", "(".repeat(deep), ")".repeat(deep)), 100);
    let nested = "(nil - nil & nil + ".repeat(40) + "nil" + &")".repeat(40);
    over(&format!("definition user {{\npermission view = {nested}\n}}"), 100);
    let types: Vec<String> = (100..300).map(|n| format!("t{n}")).collect();
    let others: String = types.iter().map(|name| format!("definition {name} {{ relation own: user; }}\n")).collect();
    let arrows = vec!["any->own"; 5_001].join(" + ");
    let text =
        format!("definition user {{\nrelation any: {}\npermission view = {arrows}\n}}\n{others}", types.join(" | "));
    over(&text, limits::ARROW_STEPS_MAX);
    over(&"definition user {}\n".repeat(limits::DEFINITIONS_MAX + 1), limits::DEFINITIONS_MAX);
    let members = "relation peer: user\n".repeat(limits::MEMBERS_PER_DEFINITION_MAX + 1);
    over(&format!("definition user {{\n{members}}}"), limits::MEMBERS_PER_DEFINITION_MAX);
    let types = vec!["user"; limits::TYPES_PER_RELATION_MAX + 1].join(" | ");
    over(&format!("definition user {{\nrelation peer: {types}\n}}"), limits::TYPES_PER_RELATION_MAX);
}
