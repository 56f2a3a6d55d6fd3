import type { ScimAnswer, ScimContext, ScimRequest } from "./context.ts";
import { ScimError } from "./errors.ts";
import { createGroup, deleteGroup, patchGroupById, readGroup, replaceGroup } from "./groups.ts";
import { createUser, deleteUser, patchUserById, readUser, replaceUser } from "./users.ts";

type OnOne = (context: ScimContext, id: string, request: ScimRequest) => Promise<ScimAnswer>;

const users = {
  create: createUser,
  GET: readUser,
  PUT: replaceUser,
  PATCH: patchUserById,
  DELETE: deleteUser,
};
const groups = {
  create: createGroup,
  GET: readGroup,
  PUT: replaceGroup,
  PATCH: patchGroupById,
  DELETE: deleteGroup,
};

/** Carries out a call on /Users, /Users/{id}, /Groups or /Groups/{id}; a request of its own or a part of Bulk. */
export async function perform(
  context: ScimContext,
  method: string,
  path: string,
  request: ScimRequest,
): Promise<ScimAnswer> {
  const [, type, id] = /^\/(Users|Groups)(?:\/([^/]+))?\/?$/.exec(path) ?? [];
  const handlers = type === "Users" ? users : groups;
  if (id === undefined) {
    if (method === "POST") return await handlers.create(context, request);
    throw new ScimError(405, null, `${method} is not offered here.`);
  }
  const onOne: OnOne | undefined = Object.hasOwn(handlers, method) ? handlers[method as "GET"] : undefined;
  if (!onOne) throw new ScimError(405, null, `${method} is not offered here.`);
  return await onOne(context, decoded(id), request);
}

/** No id of ours holds what cannot be decoded, or what PostgreSQL cannot be asked for. */
function decoded(id: string): string {
  try {
    const text = decodeURIComponent(id);
    if (!text.includes("\0")) return text;
  } catch {
    // Not a percent-encoding.
  }
  throw new ScimError(404, null, "There is no such resource.");
}
