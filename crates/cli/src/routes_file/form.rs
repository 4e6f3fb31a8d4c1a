//! The keys of the file, and what their values look like.

use std::fmt;

use contract::gate::v1::route::Match;
use contract::gate::v1::{
    Binding, GrpcMatch, HttpMatch, OnError, PermissionRequirement, PermissionsMode, Route, RouteMode,
};
use serde::de::{Deserializer, Error as _, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Serialize, Serializer};

use super::choices::{BindForm, CallerForm, CredentialForm, ModeForm, OnErrorForm};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) routes: Vec<RouteForm>,
}

/// One route. What is written reads back, so that a list of routes is a file of routes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, try_from = "RouteFields")]
pub(crate) struct RouteForm {
    pub(crate) name: String,
    host: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<HttpForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grpc: Option<GrpcForm>,
    caller: CallerForm,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    permission: Option<PermissionForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<PermissionsForm>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credentials: Vec<CredentialForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<ModeForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    on_error: Option<OnErrorForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bind: Option<BindForm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revocation_grace_seconds: Option<u32>,
    audience: String,
}

/// The keys, before it is known whether they go together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteFields {
    name: String,
    host: String,
    http: Option<HttpForm>,
    grpc: Option<GrpcForm>,
    #[serde(default)]
    caller: CallerForm,
    #[serde(default)]
    scope: String,
    permission: Option<PermissionForm>,
    permissions: Option<PermissionsForm>,
    #[serde(default)]
    credentials: Vec<CredentialForm>,
    mode: Option<ModeForm>,
    on_error: Option<OnErrorForm>,
    bind: Option<BindForm>,
    revocation_grace_seconds: Option<u32>,
    audience: String,
}

/// Several permissions: `all: […]` or `any: […]`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
struct PermissionsForm {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    all: Vec<PermissionForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    any: Vec<PermissionForm>,
}

/// `GET /v1/documents/{document:id}`, or `method` and `path`.
#[derive(Debug)]
struct HttpForm(HttpMatch);

/// `example.documents.v1.DocumentService/ListDocuments`, or `service` and `method`.
#[derive(Debug)]
struct GrpcForm(GrpcMatch);

/// `document:{document}#view`.
#[derive(Debug)]
struct PermissionForm(PermissionRequirement);

impl TryFrom<RouteFields> for RouteForm {
    type Error = String;

    fn try_from(fields: RouteFields) -> Result<Self, String> {
        let RouteFields { name, http, grpc, permission, permissions, .. } = &fields;
        if http.is_some() == grpc.is_some() {
            return Err(format!("route `{name}` needs one of `http` and `grpc`"));
        }
        let lists = permissions
            .as_ref()
            .map_or(0, |several| [&several.all, &several.any].iter().filter(|list| !list.is_empty()).count());
        if permission.is_some() && permissions.is_some() {
            return Err(format!("route `{name}` has both `permission` and `permissions`"));
        }
        if permissions.is_some() && lists != 1 {
            return Err(format!("route `{name}` needs one of `all` and `any` under `permissions`"));
        }
        Ok(Self {
            name: fields.name,
            host: fields.host,
            http: fields.http,
            grpc: fields.grpc,
            caller: fields.caller,
            scope: fields.scope,
            permission: fields.permission,
            permissions: fields.permissions,
            credentials: fields.credentials,
            mode: fields.mode,
            on_error: fields.on_error,
            bind: fields.bind,
            revocation_grace_seconds: fields.revocation_grace_seconds,
            audience: fields.audience,
        })
    }
}

impl RouteForm {
    /// The route as a message.
    pub(crate) fn into_route(self) -> Route {
        let (mode, several) = match self.permissions {
            None => (PermissionsMode::Unspecified, self.permission.into_iter().collect()),
            Some(PermissionsForm { all, any }) if any.is_empty() => (PermissionsMode::All, all),
            Some(PermissionsForm { any, .. }) => (PermissionsMode::Any, any),
        };
        let http = self.http.map(|http| Match::Http(http.0));
        let grpc = self.grpc.map(|grpc| Match::Grpc(grpc.0));
        Route {
            name: self.name,
            host: self.host,
            r#match: http.or(grpc),
            caller: self.caller.to_proto().into(),
            scope: self.scope,
            permissions: several.into_iter().map(|permission| permission.0).collect(),
            permissions_mode: mode.into(),
            audience: self.audience,
            credentials: self.credentials.iter().map(|kind| kind.to_proto().into()).collect(),
            mode: self.mode.map_or(RouteMode::Unspecified, ModeForm::to_proto).into(),
            on_error: self.on_error.map_or(OnError::Unspecified, OnErrorForm::to_proto).into(),
            bind: self.bind.map_or(Binding::Unspecified, BindForm::to_proto).into(),
            revocation_grace_seconds: self.revocation_grace_seconds,
        }
    }

    /// The message as the file has it; an unknown caller requirement is shown as the strictest.
    pub(crate) fn of(route: &Route) -> Self {
        let (http, grpc) = match &route.r#match {
            Some(Match::Http(http)) => (Some(HttpForm(http.clone())), None),
            Some(Match::Grpc(grpc)) => (None, Some(GrpcForm(grpc.clone()))),
            None => (None, None),
        };
        let needed: Vec<_> = route.permissions.iter().cloned().map(PermissionForm).collect();
        let several = |all, any| (None, Some(PermissionsForm { all, any }));
        let (permission, permissions) = match (needed.len(), route.permissions_mode()) {
            (0, _) => (None, None),
            (1, PermissionsMode::Unspecified) => (needed.into_iter().next(), None),
            (_, PermissionsMode::Unspecified | PermissionsMode::All) => several(needed, Vec::new()),
            (_, PermissionsMode::Any) => several(Vec::new(), needed),
        };
        Self {
            name: route.name.clone(),
            host: route.host.clone(),
            http,
            grpc,
            caller: CallerForm::of(route.caller()),
            scope: route.scope.clone(),
            permission,
            permissions,
            credentials: route.credentials().filter_map(CredentialForm::of).collect(),
            mode: ModeForm::of(route.mode()),
            on_error: OnErrorForm::of(route.on_error()),
            bind: BindForm::of(route.bind()),
            revocation_grace_seconds: route.revocation_grace_seconds,
            audience: route.audience.clone(),
        }
    }
}

impl HttpForm {
    fn new(method: &str, path: &str) -> Result<Self, String> {
        if !METHODS.contains(&method) {
            return Err(format!("`{method}` is not a method; it is one of {}", METHODS.join(", ")));
        }
        if !path.starts_with('/') || path.contains(char::is_whitespace) {
            return Err(format!("`{path}` is not a path template, for example /v1/documents/{{document:id}}"));
        }
        Ok(Self(HttpMatch { method: method.to_owned(), path_template: path.to_owned() }))
    }
}

impl GrpcForm {
    fn new(service: &str, method: &str) -> Result<Self, String> {
        let word = |text: &str| {
            text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if !service.split('.').all(word) || !word(method) {
            return Err(format!("`{service}/{method}` is not a gRPC method, for example example.v1.Service/Method"));
        }
        Ok(Self(GrpcMatch { service: service.to_owned(), method: method.to_owned() }))
    }
}

impl PermissionForm {
    fn new(resource: &str, permission: &str) -> Result<Self, String> {
        let complete = resource.split_once(':').is_some_and(|(kind, id)| !kind.is_empty() && !id.is_empty());
        if !complete || permission.is_empty() {
            return Err(format!(
                "`{resource}#{permission}` is not a permission, for example document:{{document}}#view"
            ));
        }
        Ok(Self(PermissionRequirement { resource: resource.to_owned(), permission: permission.to_owned() }))
    }
}

impl Serialize for HttpForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{} {}", self.0.method, self.0.path_template))
    }
}

impl Serialize for GrpcForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}/{}", self.0.service, self.0.method))
    }
}

impl Serialize for PermissionForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}#{}", self.0.resource, self.0.permission))
    }
}

impl<'de> Deserialize<'de> for HttpForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            method: String,
            path: String,
        }
        deserializer.deserialize_any(OneLineOrMap {
            expected: "GET /path, or a map with method and path",
            of_line: |line| line.split_once(' ').map(|(method, path)| Self::new(method, path.trim())),
            of_map: |fields: Fields| Self::new(&fields.method, &fields.path),
        })
    }
}

impl<'de> Deserialize<'de> for GrpcForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            service: String,
            method: String,
        }
        deserializer.deserialize_any(OneLineOrMap {
            expected: "package.Service/Method, or a map with service and method",
            of_line: |line| line.split_once('/').map(|(service, method)| Self::new(service, method)),
            of_map: |fields: Fields| Self::new(&fields.service, &fields.method),
        })
    }
}

impl<'de> Deserialize<'de> for PermissionForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            resource: String,
            permission: String,
        }
        deserializer.deserialize_any(OneLineOrMap {
            expected: "a permission like document:{document}#view, or a map with resource and permission",
            of_line: |line| line.split_once('#').map(|(resource, permission)| Self::new(resource, permission)),
            of_map: |fields: Fields| Self::new(&fields.resource, &fields.permission),
        })
    }
}

/// Reads what stands in one line, or in a map with its parts. Errors are made here rather than by the caller, because
/// only here does the YAML reader know the line.
struct OneLineOrMap<T, Fields> {
    expected: &'static str,
    /// Nothing if the line does not even have the parts.
    of_line: fn(&str) -> Option<Result<T, String>>,
    of_map: fn(Fields) -> Result<T, String>,
}

impl<'de, T, Fields: Deserialize<'de>> Visitor<'de> for OneLineOrMap<T, Fields> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expected)
    }

    fn visit_str<E: serde::de::Error>(self, line: &str) -> Result<T, E> {
        let value = (self.of_line)(line).ok_or_else(|| E::custom(format!("`{line}` is not {}", self.expected)))?;
        value.map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let fields = Fields::deserialize(MapAccessDeserializer::new(map))?;
        (self.of_map)(fields).map_err(A::Error::custom)
    }
}
