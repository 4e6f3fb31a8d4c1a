//! The types of the configurations as JSON Schema, read from their source: this tool must build while the services do not.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use syn::{
    Attribute, Expr, ExprLit, Fields, GenericArgument, Item, ItemEnum, ItemStruct, Lit, Meta, PathArguments, Type,
};

use crate::error::{Error, Result};

/// The structs and enums of some files, by name.
#[derive(Default)]
pub(super) struct Types {
    structs: BTreeMap<String, ItemStruct>,
    enums: BTreeMap<String, ItemEnum>,
}

impl Types {
    /// Takes in what a file declares.
    pub(super) fn read(&mut self, path: &str, source: &str) -> Result<()> {
        let file = syn::parse_file(source).map_err(|error| Error::new(format!("{path}: {error}")))?;
        for item in file.items {
            if let Item::Struct(item) = item {
                self.structs.insert(item.ident.to_string(), item);
            } else if let Item::Enum(item) = item {
                self.enums.insert(item.ident.to_string(), item);
            }
        }
        Ok(())
    }

    /// The schema of a struct, without some of its fields; unknown ones are refused.
    ///
    /// # Errors
    /// If a type in it is unknown here.
    pub(super) fn schema(&self, name: &str, without: &[&str]) -> Result<Value> {
        let item = self.structs.get(name).ok_or_else(|| Error::new(format!("there is no struct {name}")))?;
        let Fields::Named(fields) = &item.fields else {
            return Err(Error::new(format!("{name} has no names of fields")));
        };
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for field in &fields.named {
            let key = field.ident.as_ref().expect("the fields have names").to_string();
            if without.contains(&key.as_str()) {
                continue;
            }
            let mut schema = self.of(&field.ty).map_err(|error| Error::new(format!("{name}.{key}: {error}")))?;
            describe(&mut schema, &field.attrs);
            if !has_default(&field.attrs) && generic(&field.ty, "Option").is_none() {
                required.push(Value::from(key.clone()));
            }
            properties.insert(key, schema);
        }
        let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
        // Whoever leaves the whole out gets the defaults of the struct.
        if !required.is_empty() && !has_default(&item.attrs) {
            schema["required"] = required.into();
        }
        describe(&mut schema, &item.attrs);
        Ok(schema)
    }

    fn of(&self, written: &Type) -> Result<Value> {
        if let Some(inner) = generic(written, "Option") {
            return self.of(inner);
        }
        if let Some(inner) = generic(written, "Vec") {
            return Ok(json!({ "type": "array", "items": self.of(inner)? }));
        }
        let name = last_name(written);
        Ok(match name.as_str() {
            "bool" => json!({ "type": "boolean" }),
            "f64" => json!({ "type": "number" }),
            "i64" => json!({ "type": "integer" }),
            "u16" | "u32" | "u64" | "usize" => json!({ "type": "integer", "minimum": 0 }),
            "String" | "PathBuf" | "SocketAddr" => json!({ "type": "string" }),
            other => match self.enums.get(other) {
                Some(item) => {
                    let names =
                        item.variants.iter().map(|variant| Value::from(variant.ident.to_string().to_lowercase()));
                    json!({ "enum": names.collect::<Vec<_>>() })
                }
                None => self.schema(other, &[])?,
            },
        })
    }
}

fn describe(schema: &mut Value, attributes: &[Attribute]) {
    let text = attributes.iter().filter_map(doc).collect::<Vec<_>>().join(" ");
    if !text.is_empty() {
        schema["description"] = text.into();
    }
}

fn doc(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else { return None };
    let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &meta.value else { return None };
    meta.path.is_ident("doc").then(|| text.value().trim().to_owned())
}

/// Whether serde fills it in.
fn has_default(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|attribute| attribute.path().is_ident("serde")).any(|attribute| {
        let mut found = false;
        // What else stands there has values of its own, which are passed over.
        let _ = attribute.parse_nested_meta(|meta| {
            found |= meta.path.is_ident("default");
            if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<Lit>()?;
            }
            Ok(())
        });
        found
    })
}

fn last_name(written: &Type) -> String {
    let Type::Path(path) = written else { return String::new() };
    path.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}

/// What stands between the brackets, if the type is this one.
fn generic<'a>(written: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = written else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments
        .args
        .iter()
        .find_map(|argument| if let GenericArgument::Type(inner) = argument { Some(inner) } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "
        /// A thing.
        struct Thing {
            /// How many.
            #[serde(default = \"default_count\")]
            count: u32,
            #[serde(default, skip_serializing_if = \"Option::is_none\")]
            file: Option<PathBuf>,
            kind: Kind,
            parts: Vec<Part>,
        }
        struct Part { name: String }
        enum Kind { One, Other }
    ";

    #[test]
    fn a_struct_becomes_a_strict_schema() {
        let mut types = Types::default();
        types.read("source", SOURCE).unwrap();
        let schema = types.schema("Thing", &["parts"]).unwrap();
        let expected = json!({
            "type": "object", "additionalProperties": false, "description": "A thing.", "required": ["kind"],
            "properties": {
                "count": { "type": "integer", "minimum": 0, "description": "How many." },
                "file": { "type": "string" },
                "kind": { "enum": ["one", "other"] },
            },
        });
        assert_eq!(schema, expected);
        let parts = &types.schema("Thing", &[]).unwrap()["properties"]["parts"];
        assert_eq!(parts["items"]["required"], json!(["name"]));
    }

    #[test]
    fn an_unknown_type_is_named_with_its_place() {
        let mut types = Types::default();
        types.read("source", "struct Thing { part: Strange }").unwrap();
        let error = types.schema("Thing", &[]).unwrap_err().to_string();
        assert!(error.contains("Thing.part") && error.contains("Strange"), "{error}");
    }
}
