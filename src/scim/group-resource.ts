import type { Group } from "../model.ts";
import type { GroupMember } from "../store/tenant/group-members.ts";
import type { ScimContext } from "./context.ts";
import { urns } from "./schema.ts";
import { type ScimResource, versionTag } from "./user-resource.ts";

/**
 * A group as SCIM shows it.
 * @param members null leaves them out, which differs from a group without members.
 */
export function toScimGroup(context: ScimContext, group: Group, members: GroupMember[] | null): ScimResource {
  const { baseUrl } = context;
  const ownKey = group.sourceId === context.writer.source.id ? group.sourceKey : null;
  return {
    schemas: [urns.group],
    id: group.id,
    ...(ownKey === null ? {} : { externalId: ownKey }),
    displayName: group.displayName,
    ...(members === null ? {} : { members: members.map((member) => toMember(baseUrl, member)) }),
    meta: {
      resourceType: "Group",
      created: new Date(group.createdAt).toISOString(),
      lastModified: new Date(group.updatedAt).toISOString(),
      location: `${baseUrl}/Groups/${group.id}`,
      version: versionTag(group.version),
    },
  };
}

function toMember(baseUrl: string, { id, name }: GroupMember) {
  return { value: id, $ref: `${baseUrl}/Users/${id}`, display: name, type: "User" };
}
