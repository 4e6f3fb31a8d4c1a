//! A route: who must be calling, what they need, and what gate says about them to the upstream.

use std::time::Duration;

use assertion::Verdict;
use chassis::TenantId;

use super::caller::Who;
use super::denial::{Denial, Reason};
use super::template::{PathTemplate, ResourceTemplate};

/// What a call that matches must fulfil. Bailiwick's own RPCs and tenants' routes are alike here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// For an RPC of ours, its path.
    pub(crate) name: String,
    pub(crate) caller: CallerRequirement,
    /// What the credential must be usable for; empty for nothing in particular.
    pub(crate) scope: String,
    pub(crate) need: Need,
    /// Who the assertion is for.
    pub(crate) audience: String,
    /// The names of the kinds of credential that are taken; none for every kind.
    pub(crate) credentials: Vec<&'static str>,
    pub(crate) mode: Mode,
    pub(crate) on_error: OnError,
    pub(crate) bind: Bind,
    /// How long credentials are believed while nothing is heard of identity, if not as long as elsewhere.
    pub(crate) revocation_grace: Option<Duration>,
}

/// Whether what the route denies is denied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It is.
    #[default]
    Enforce,
    /// It is only remembered.
    Shadow,
}

/// What becomes of a call whose permissions cannot be asked about now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnError {
    /// It is denied.
    #[default]
    Deny,
    /// It passes.
    Allow,
}

/// What an assertion is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Bind {
    /// Every call on its route.
    #[default]
    Route,
    /// The method, host and path of one request.
    Request,
}

/// How many of several permissions must be held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Combine {
    /// Each.
    #[default]
    All,
    /// One.
    Any,
}

/// A permission on an object of the tenant's own schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObjectNeed {
    pub(crate) resource: ResourceTemplate,
    pub(crate) permission: String,
}

/// Whether somebody must be calling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallerRequirement {
    /// No. A credential is not looked at.
    None,
    /// No, but a credential that is shown must be good.
    Optional,
    /// Yes.
    Required,
}

/// What the caller must be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing.
    Nothing,
    /// Permissions on objects of the tenant's own schema: one or more.
    OnObjects { needs: Vec<ObjectNeed>, combine: Combine },
    /// A permission on the caller's own tenant, in the system namespace.
    OnOwnTenant { permission: String },
    /// A permission on the installation, in the system namespace.
    OnInstallation { permission: String },
}

/// Which requests a route takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// By method and path.
    Http { method: String, template: PathTemplate },
    /// By the path of the gRPC method: `/package.Service/Method`.
    Grpc { path: String },
}

/// A question for the permissions service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// Whose namespace: the tenant's, or the system's.
    pub(crate) namespace: TenantId,
    pub(crate) object_type: String,
    pub(crate) object_id: String,
    pub(crate) permission: String,
    pub(crate) subject_type: &'static str,
    pub(crate) subject_id: String,
}

/// Everything that must be asked about one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Questions {
    pub(crate) questions: Vec<Question>,
    pub(crate) combine: Combine,
}

/// The one object of its type in the system namespace.
const INSTALLATION: &str = "bailiwick";

impl Need {
    /// What an assertion calls it: `type#permission`, or nothing.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::OnObjects { needs, combine } => {
                let names = needs.iter().map(|need| format!("{}#{}", need.resource.object_type, need.permission));
                names.collect::<Vec<_>>().join(combine.sign())
            }
            Self::OnOwnTenant { permission } => format!("tenant#{permission}"),
            Self::OnInstallation { permission } => format!("system#{permission}"),
        }
    }
}

impl Route {
    /// Whether the caller may be asked about at all, and if so what must be asked. `host_tenant` is the owner of the host; none for
    /// Bailiwick's own, where everybody acts within their own tenant.
    pub(crate) fn admit(
        &self,
        host_tenant: Option<&TenantId>,
        captures: &[String],
        who: Option<&Who>,
    ) -> Result<Questions, Denial> {
        let who = match (self.caller, who) {
            (CallerRequirement::None, _) | (CallerRequirement::Optional, None) => return Ok(Questions::default()),
            (CallerRequirement::Required, None) => {
                return Err(Denial::new(Reason::CredentialMissing, "the route needs a caller"));
            }
            (CallerRequirement::Optional | CallerRequirement::Required, Some(who)) => who,
        };
        if host_tenant.is_some_and(|tenant| *tenant != who.tenant) {
            return Err(Denial::new(Reason::Forbidden, format!("the caller is of the tenant {}", who.tenant)));
        }
        if !who.scopes.include(&self.scope) {
            return Err(Denial::new(Reason::Forbidden, format!("the credential lacks the scope {}", self.scope)));
        }
        self.questions(captures, who)
    }

    /// Refuses a caller whose kind of credential is not taken here.
    pub(crate) fn must_take(&self, kind: &'static str) -> Result<(), Denial> {
        if self.credentials.is_empty() || self.credentials.contains(&kind) {
            Ok(())
        } else {
            Err(Denial::new(Reason::CredentialInvalid, format!("the route takes no {kind}")))
        }
    }

    /// What follows on this route from what permissions said.
    pub(crate) fn follow(&self, answer: Result<(), Denial>) -> Result<Verdict, Denial> {
        match answer {
            Ok(()) => Ok(Verdict::Allowed),
            Err(denial) if denial.reason == Reason::Unavailable && self.on_error == OnError::Allow => {
                Ok(Verdict::Undecided)
            }
            Err(denial) => Err(denial),
        }
    }

    /// Whether a call that was denied for this passes all the same. What can be read in two ways never does.
    pub(crate) fn only_watches(&self, denial: &Denial) -> bool {
        self.mode == Mode::Shadow && denial.reason != Reason::RequestAmbiguous
    }

    /// What is required of a caller of `tenant`, for people: `document:roadmap#view`, or nothing.
    pub(crate) fn required(&self, captures: &[String], tenant: &TenantId) -> String {
        match &self.need {
            Need::Nothing => String::new(),
            Need::OnObjects { needs, combine } => {
                let names = needs.iter().map(|ObjectNeed { resource, permission }| {
                    format!("{}:{}#{permission}", resource.object_type, resource.fill(captures).unwrap_or_default())
                });
                names.collect::<Vec<_>>().join(&format!(" {} ", combine.sign()))
            }
            Need::OnOwnTenant { permission } => format!("tenant:{tenant}#{permission}"),
            Need::OnInstallation { permission } => format!("system:{INSTALLATION}#{permission}"),
        }
    }

    fn questions(&self, captures: &[String], who: &Who) -> Result<Questions, Denial> {
        let in_system = |object_type: &str, object_id: String, permission: &str| Question {
            namespace: TenantId::system(),
            object_type: object_type.to_owned(),
            object_id,
            permission: permission.to_owned(),
            subject_type: who.subject.kind.name(),
            subject_id: who.subject.system_object_id(&who.tenant),
        };
        let one = |question| Questions { questions: vec![question], combine: Combine::All };
        Ok(match &self.need {
            Need::Nothing => Questions::default(),
            Need::OnOwnTenant { permission } => one(in_system("tenant", who.tenant.to_string(), permission)),
            Need::OnInstallation { permission } => one(in_system("system", INSTALLATION.to_owned(), permission)),
            Need::OnObjects { needs, combine } => {
                let questions = needs.iter().map(|need| need.question(captures, who)).collect::<Result<_, _>>()?;
                Questions { questions, combine: *combine }
            }
        })
    }
}

impl ObjectNeed {
    fn question(&self, captures: &[String], who: &Who) -> Result<Question, Denial> {
        let object_id = self.resource.fill(captures);
        let object_id = object_id.ok_or_else(|| Denial::ambiguous("the path names an object with too long an id"))?;
        Ok(Question {
            namespace: who.tenant.clone(),
            object_type: self.resource.object_type.clone(),
            object_id,
            permission: self.permission.clone(),
            subject_type: who.subject.kind.name(),
            subject_id: who.subject.id.clone(),
        })
    }
}

impl Combine {
    /// What stands between the permissions.
    fn sign(self) -> &'static str {
        match self {
            Self::All => "&",
            Self::Any => "|",
        }
    }
}

#[cfg(test)]
mod tests {
    use chassis::{Subject, SubjectKind};

    use super::super::caller::Scopes;
    use super::*;

    fn who(tenant: &str, scopes: &[&str]) -> Who {
        Who {
            tenant: tenant.parse().unwrap(),
            subject: Subject::new(SubjectKind::User, "alice").unwrap(),
            scopes: Scopes::These(scopes.iter().map(|scope| (*scope).to_owned()).collect()),
        }
    }

    fn route(caller: CallerRequirement, need: Need) -> Route {
        Route {
            name: "read".to_owned(),
            caller,
            scope: "docs.read".to_owned(),
            need,
            audience: "documents".to_owned(),
            credentials: Vec::new(),
            mode: Mode::Enforce,
            on_error: OnError::Deny,
            bind: Bind::Route,
            revocation_grace: None,
        }
    }

    fn reason(answer: Result<Questions, Denial>) -> Reason {
        answer.expect_err("the caller is refused").reason
    }

    #[test]
    fn a_caller_of_another_tenant_looks_like_one_without_the_scope() {
        let route = route(CallerRequirement::Required, Need::Nothing);
        let acme: TenantId = "acme".parse().unwrap();
        assert_eq!(route.admit(Some(&acme), &[], Some(&who("acme", &["docs.read"]))), Ok(Questions::default()));
        assert_eq!(reason(route.admit(Some(&acme), &[], Some(&who("globex", &["docs.read"])))), Reason::Forbidden);
        assert_eq!(reason(route.admit(Some(&acme), &[], Some(&who("acme", &["docs.write"])))), Reason::Forbidden);
        assert_eq!(reason(route.admit(Some(&acme), &[], None)), Reason::CredentialMissing);
    }

    #[test]
    fn nobody_is_let_in_where_a_caller_is_optional() {
        let acme: TenantId = "acme".parse().unwrap();
        for caller in [CallerRequirement::None, CallerRequirement::Optional] {
            assert_eq!(route(caller, Need::Nothing).admit(Some(&acme), &[], None), Ok(Questions::default()));
        }
    }

    #[test]
    fn an_rpc_of_ours_is_asked_about_in_the_system_namespace() {
        let need = Need::OnOwnTenant { permission: "manage_users".to_owned() };
        assert_eq!(need.name(), "tenant#manage_users");
        let route = route(CallerRequirement::Required, need);
        assert_eq!(route.required(&[], &"acme".parse().unwrap()), "tenant:acme#manage_users");
        let question = route.admit(None, &[], Some(&who("acme", &["docs.read"])));
        let question = question.unwrap().questions.remove(0);
        assert!(question.namespace.is_system());
        assert_eq!((question.object_type.as_str(), question.object_id.as_str()), ("tenant", "acme"));
        assert_eq!((question.subject_type, question.subject_id.as_str()), ("user", "acme/alice"));
    }

    #[test]
    fn a_tenants_route_is_asked_about_in_the_tenants_namespace() {
        let resource = ResourceTemplate::read("document:{document}", &["document"]).unwrap();
        let view = ObjectNeed { resource, permission: "view".to_owned() };
        let two = Need::OnObjects { needs: vec![view.clone(), view.clone()], combine: Combine::Any };
        assert_eq!(two.name(), "document#view|document#view");
        let need = Need::OnObjects { needs: vec![view], combine: Combine::All };
        assert_eq!(need.name(), "document#view");
        let acme: TenantId = "acme".parse().unwrap();
        let route = route(CallerRequirement::Required, need);
        let question = route.admit(Some(&acme), &["roadmap".to_owned()], Some(&who("acme", &["docs.read"])));
        let question = question.unwrap().questions.remove(0);
        assert_eq!((question.namespace, question.subject_id.as_str()), (acme, "alice"));
        assert_eq!(question.object_id, "roadmap");
    }
}
