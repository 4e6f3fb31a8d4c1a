//! Roles from messages and to messages, and who may give and take them.

use chassis::{Context, FieldInvalid, Subject, TenantId};
use contract::permissions::v1 as proto;

use crate::domain::role::{Assignment, Role};
use crate::error::Error;
use crate::store::relationships;
use crate::store::turn::Turn;

/// The assignment that a message names.
pub(super) fn assignment(message: Option<&proto::RoleAssignment>) -> Result<Assignment, FieldInvalid> {
    let message = message.ok_or_else(|| FieldInvalid::new("assignment", "is missing"))?;
    let role = match message.role() {
        proto::Role::Administrator => Role::Administrator,
        proto::Role::Writer => Role::Writer,
        proto::Role::Checker => Role::Checker,
        proto::Role::Auditor => Role::Auditor,
        proto::Role::Unspecified => {
            return Err(FieldInvalid::new("assignment.role", "must be ADMINISTRATOR, WRITER, CHECKER or AUDITOR"));
        }
    };
    Ok(Assignment { role, subject: Subject::from_proto(message.subject.as_ref(), "assignment.subject")? })
}

/// An assignment as a message.
pub(super) fn assignment_message(assignment: &Assignment) -> proto::RoleAssignment {
    let role = match assignment.role {
        Role::Administrator => proto::Role::Administrator,
        Role::Writer => proto::Role::Writer,
        Role::Checker => proto::Role::Checker,
        Role::Auditor => proto::Role::Auditor,
    };
    proto::RoleAssignment { role: role.into(), subject: Some(assignment.subject.to_proto()) }
}

/// Whether the caller holds a role, or is administrator, as it is in this turn.
///
/// # Errors
/// If not: nobody gives or takes what they do not hold.
pub(super) async fn must_hold(ctx: &Context, role: Role, turn: &mut Turn<'_>) -> Result<(), Error> {
    let Some(caller) = ctx.subject() else { return Err(Error::RoleNotHeld(role.relation())) };
    let enough = [role, Role::Administrator]
        .map(|role| Assignment { role, subject: caller.subject.clone() }.relationship(ctx.tenant()));
    let system = TenantId::system();
    let keys = enough.each_ref().map(|relationship| (&system, relationship));
    let held = relationships::present(turn.connection(), &keys).await?;
    if held.is_empty() { Err(Error::RoleNotHeld(role.relation())) } else { Ok(()) }
}
