import type { Attribute, ResourceSchema } from "scim-server/schema";
import { customExtension } from "../../config/attributes.ts";
import { scimSchemas } from "../../src/scim/schemas.ts";

export const own = customExtension.urn;

const { user: userSchema, group } = scimSchemas("accept");

export const groupSchema = group;

const plain: Omit<Attribute, "name" | "type"> = {
  multiValued: false,
  description: "",
  required: false,
  caseExact: false,
  mutability: "readWrite",
  returned: "default",
};

/** The users' schema with an extension that has what the configured attributes may have and the RFC's have not. */
export const schema: ResourceSchema = {
  core: userSchema.core,
  extensions: [
    ...userSchema.extensions.filter(({ id }) => id !== customExtension.urn),
    {
      id: customExtension.urn,
      name: "Own",
      description: "",
      attributes: [
        { ...plain, name: "badge", type: "string", caseExact: true },
        { ...plain, name: "floor", type: "integer" },
        { ...plain, name: "remote", type: "boolean" },
        { ...plain, name: "tags", type: "string", multiValued: true },
        { ...plain, name: "keys", type: "string", multiValued: true, caseExact: true },
        { ...plain, name: "since", type: "dateTime" },
      ],
    },
  ],
};
