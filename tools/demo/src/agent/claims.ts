/** The meaning of each claim, in plain words: the important ones first. */
const meanings: Record<string, string> = {
  typ: "what kind of token it is",
  iss: "who says so",
  sub: "about whom",
  aud: "for whom it is meant",
  client_id: "the agent that may use it, by its ID at the application",
  aud_tenant: "the customer’s tenant at the application",
  resource: "where it may be used",
  scope: "what it allows",
  act: "the agent, as the org knows it",
  sub_id: "the person, by a longer name",
  email: "a hint, never a key",
  iat: "issued",
  exp: "good until",
  auth_time: "signed in",
  jti: "a number of its own, to notice a repeat",
  nonce: "ties it to the agent’s own request",
  amr: "how the person proved who they are",
  name: "the person’s name",
  preferred_username: "the person’s username",
  sub_profile: "a person or a program",
};

const times = ["iat", "exp", "auth_time"];

/** A claim for the page. */
export interface ShownClaim {
  name: string;
  value: string;
  meaning: string;
}

/** The claims of a JWT and the parameters of its header, the important ones first. */
export function shownClaims(values: Record<string, unknown>): ShownClaim[] {
  const names = [...Object.keys(meanings).filter((name) => name in values), ...Object.keys(values)];
  return [...new Set(names)].map((name) => ({
    name,
    value: shown(name, values[name]),
    meaning: meanings[name] ?? "",
  }));
}

function shown(name: string, value: unknown): string {
  if (times.includes(name))
    return `${new Date(Number(value) * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  return typeof value === "string" ? value : JSON.stringify(value);
}
