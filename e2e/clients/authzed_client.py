"""SpiceDB's own Python client, unmodified, against the gateway: what it is told is what SpiceDB would tell it.

Arguments: the gateway's port, the authority's certificate, the file of an API key, a word that makes ids of its own.
"""

import sys

import grpc
from authzed.api.v1 import (
    AlgebraicSubjectSet,
    CheckBulkPermissionsRequest,
    CheckBulkPermissionsRequestItem,
    CheckPermissionRequest,
    CheckPermissionResponse,
    Client,
    Consistency,
    DeleteRelationshipsRequest,
    ExpandPermissionTreeRequest,
    ObjectReference,
    Precondition,
    ReadRelationshipsRequest,
    ReadSchemaRequest,
    Relationship,
    RelationshipFilter,
    RelationshipUpdate,
    SubjectReference,
    WriteRelationshipsRequest,
    WriteSchemaRequest,
)
from google.rpc import error_details_pb2, status_pb2
from grpcutil import bearer_token_credentials

HAS = CheckPermissionResponse.PERMISSIONSHIP_HAS_PERMISSION
NO = CheckPermissionResponse.PERMISSIONSHIP_NO_PERMISSION


def thing(text):
    object_type, object_id = text.split(":")
    return ObjectReference(object_type=object_type, object_id=object_id)


def who(text):
    name, _, relation = text.partition("#")
    return SubjectReference(object=thing(name), optional_relation=relation)


def update(operation, resource, relation, subject):
    relationship = Relationship(resource=thing(resource), relation=relation, subject=who(subject))
    return RelationshipUpdate(operation=operation, relationship=relationship)


def refused(call, request, code, reason):
    try:
        answer = call(request)
        list(answer) if hasattr(answer, "__iter__") else None
    except grpc.RpcError as error:
        assert error.code() == code, error
        details = dict(error.trailing_metadata())["grpc-status-details-bin"]
        for detail in status_pb2.Status.FromString(details).details:
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info):
                assert (info.domain, info.reason) == ("authzed.com", reason), info
                return
        raise AssertionError(f"no ErrorInfo: {error}")
    raise AssertionError(f"{request} was not refused")


def main(port, authority, key_file, word):
    with open(authority, "rb") as file:
        certificate = file.read()
    with open(key_file, encoding="utf-8") as file:
        key = file.read().strip()
    client = Client(f"localhost:{port}", bearer_token_credentials(key, certificate))
    document, group = f"document:{word}", f"group:{word}"
    touch, create = RelationshipUpdate.OPERATION_TOUCH, RelationshipUpdate.OPERATION_CREATE

    schema = client.ReadSchema(ReadSchemaRequest()).schema_text
    assert "definition document" in schema, schema
    assert client.WriteSchema(WriteSchemaRequest(schema=schema)).written_at.token
    refused(client.WriteSchema, WriteSchemaRequest(schema="definition {"), grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_SCHEMA_PARSE_ERROR")

    updates = [update(touch, document, "viewer", f"{group}#member"), update(touch, group, "member", "user:ann")]
    written = client.WriteRelationships(WriteRelationshipsRequest(updates=updates)).written_at
    again = WriteRelationshipsRequest(updates=[update(create, group, "member", "user:ann")])
    refused(client.WriteRelationships, again, grpc.StatusCode.ALREADY_EXISTS, "ERROR_REASON_ATTEMPT_TO_RECREATE_RELATIONSHIP")
    members = RelationshipFilter(resource_type="group", optional_resource_id=word)
    unmet = Precondition(operation=Precondition.OPERATION_MUST_NOT_MATCH, filter=members)
    conditional = WriteRelationshipsRequest(updates=updates, optional_preconditions=[unmet])
    refused(client.WriteRelationships, conditional, grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_WRITE_OR_DELETE_PRECONDITION_FAILURE")

    fresh = Consistency(at_least_as_fresh=written)

    def check(subject, permission="viewer", consistency=fresh):
        return CheckPermissionRequest(consistency=consistency, resource=thing(document), permission=permission, subject=who(subject))

    assert client.CheckPermission(check("user:ann")).permissionship == HAS
    assert client.CheckPermission(check("user:nobody")).permissionship == NO
    refused(client.CheckPermission, check("user:ann", "fly"), grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION")
    refused(client.CheckPermission, check("user:*"), grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_WILDCARD_NOT_ALLOWED")

    def item(subject, permission):
        return CheckBulkPermissionsRequestItem(resource=thing(document), permission=permission, subject=who(subject))

    items = [item("user:ann", "viewer"), item("user:nobody", "viewer"), item("user:ann", "fly")]
    pairs = client.CheckBulkPermissions(CheckBulkPermissionsRequest(consistency=fresh, items=items)).pairs
    assert [pair.item.permissionship for pair in pairs[:2]] == [HAS, NO], pairs
    assert pairs[2].error.code == grpc.StatusCode.FAILED_PRECONDITION.value[0], pairs

    read = ReadRelationshipsRequest(consistency=fresh, relationship_filter=members)
    found = [answer.relationship.subject.object.object_id for answer in client.ReadRelationships(read)]
    assert found == ["ann"], found

    expand = ExpandPermissionTreeRequest(consistency=fresh, resource=thing(document), permission="viewer")
    tree = client.ExpandPermissionTree(expand).tree_root
    assert [subject.optional_relation for subject in tree.leaf.subjects] == ["member"], tree
    expand.permission = "view"
    operation = client.ExpandPermissionTree(expand).tree_root.intermediate.operation
    assert operation != AlgebraicSubjectSet.OPERATION_UNSPECIFIED

    deleted = client.DeleteRelationships(DeleteRelationshipsRequest(relationship_filter=members))
    assert deleted.relationships_deleted_count == 1, deleted
    after = Consistency(at_least_as_fresh=deleted.deleted_at)
    assert client.CheckPermission(check("user:ann", consistency=after)).permissionship == NO
    client.DeleteRelationships(
        DeleteRelationshipsRequest(relationship_filter=RelationshipFilter(resource_type="document", optional_resource_id=word))
    )

    stranger = Client(f"localhost:{port}", bearer_token_credentials("no key of ours", certificate))
    try:
        stranger.CheckPermission(check("user:ann"))
        raise AssertionError("a stranger was let in")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNAUTHENTICATED, error
    print("the Python client was told what it expects")


if __name__ == "__main__":
    main(*sys.argv[1:])
