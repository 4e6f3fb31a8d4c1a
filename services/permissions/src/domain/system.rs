//! The system namespace: what decides Bailiwick's own administration.

use chassis::{Subject, TenantId};
use graph::{ObjectRef, Relationship, Schema, SubjectRef};

use super::question::Question;
use super::role::{Assignment, Role, subject, tenant_object};
use super::update::Update;

/// The schema of the system namespace, as text.
const SCHEMA: &str = include_str!("system.zed");

/// The schema of the system namespace.
pub(crate) fn schema() -> Schema {
    Schema::parse(SCHEMA).expect("a test reads the compiled-in schema")
}

/// The installation.
fn installation() -> ObjectRef {
    ObjectRef::new("system", "bailiwick").expect("the installation's name is well-formed")
}

/// Whether a subject of a tenant has a permission, written as in an RPC's option. None if no such permission can be.
pub(crate) fn question(tenant: &TenantId, who: &Subject, permission: &str) -> Option<Question> {
    let (object_type, name) = permission.split_once('#')?;
    let resource = match object_type {
        "tenant" => tenant_object(tenant),
        "system" => installation(),
        _ => return None,
    };
    Some(Question { resource, permission: name.to_owned(), subject: subject(tenant, who) })
}

/// The relationship that says that a tenant was taken in. It is there as long as the tenant is.
pub(crate) fn membership(tenant: &TenantId) -> Relationship {
    Relationship::new(tenant_object(tenant), "system", SubjectRef::object_itself(installation()))
        .expect("a tenant belongs to the installation")
}

/// What a new tenant begins with.
pub(crate) fn founding(tenant: &TenantId, administrator: &Subject, administers_system: bool) -> Vec<Update> {
    let role = Assignment { role: Role::Administrator, subject: administrator.clone() };
    let mut updates = vec![Update::touch(membership(tenant)), Update::touch(role.relationship(tenant))];
    if administers_system {
        let relation = Relationship::new(installation(), "administrator", subject(tenant, administrator));
        updates.push(Update::touch(relation.expect("the installation has administrators")));
    }
    updates
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use contract::rpc::RPCS;
    use graph::{Answer, Budget, RelationshipSet, check};

    use super::*;

    fn tenant() -> TenantId {
        "acme".parse().unwrap()
    }

    fn alice() -> Subject {
        "user:alice".parse().unwrap()
    }

    fn answer(relationships: &[Relationship], permission: &str) -> Answer {
        let relationships: RelationshipSet = relationships.iter().cloned().collect();
        let question = question(&tenant(), &alice(), permission).unwrap();
        check(&schema(), &relationships, &question.as_request(), &Budget::default()).unwrap()
    }

    fn permissions_of_rpcs() -> BTreeSet<&'static str> {
        RPCS.iter().map(|rpc| rpc.permission).filter(|permission| !permission.is_empty()).collect()
    }

    #[test]
    fn every_permission_that_an_rpc_asks_for_is_in_the_schema_and_no_other() {
        let schema = schema();
        let defined: BTreeSet<String> = schema
            .definitions()
            .iter()
            .flat_map(|definition| {
                definition.permissions().map(move |permission| format!("{}#{}", definition.name(), permission.name()))
            })
            .collect();
        let asked: BTreeSet<String> = permissions_of_rpcs().into_iter().map(str::to_owned).collect();
        assert_eq!(defined, asked);
    }

    #[test]
    fn what_a_tenant_begins_with_has_its_place_in_the_schema() {
        for update in founding(&tenant(), &alice(), true) {
            assert_eq!(schema().admits(&update.relationship), Ok(()), "{}", update.relationship);
        }
        for role in Role::ALL {
            let relationship = Assignment { role, subject: alice() }.relationship(&tenant());
            assert_eq!(schema().admits(&relationship), Ok(()));
        }
    }

    #[test]
    fn each_role_may_do_what_its_description_says() {
        for permission in permissions_of_rpcs().into_iter().filter(|permission| permission.starts_with("tenant#")) {
            let reads = permission.starts_with("tenant#read_");
            let asks = permission == "tenant#check_permissions";
            let writes = permission == "tenant#write_relationships";
            let knows = ["tenant#read_relationships", "tenant#read_schema"].contains(&permission);
            for (role, expected) in [
                (Role::Administrator, true),
                (Role::Writer, asks || writes || knows),
                (Role::Checker, asks),
                (Role::Auditor, reads),
            ] {
                let held = [Assignment { role, subject: alice() }.relationship(&tenant())];
                let expected = if expected { Answer::Has } else { Answer::No };
                assert_eq!(answer(&held, permission), expected, "{role:?} {permission}");
            }
        }
    }

    #[test]
    fn who_administers_a_tenant_does_not_administer_the_installation_and_the_other_way_round() {
        let held = |administers_system| -> Vec<Relationship> {
            founding(&tenant(), &alice(), administers_system).into_iter().map(|update| update.relationship).collect()
        };
        assert_eq!(answer(&held(false), "system#manage_tenants"), Answer::No);
        assert_eq!(answer(&held(true), "system#manage_tenants"), Answer::Has);
        let system_only = held(true).split_off(2);
        assert_eq!(answer(&system_only, "tenant#read_users"), Answer::No);
    }

    #[test]
    fn a_permission_of_another_form_is_no_question() {
        for text in ["", "tenant", "user#read_users", "#"] {
            assert_eq!(question(&tenant(), &alice(), text), None, "{text}");
        }
    }
}
