/** The meaning of each claim, in plain words. */
const meanings: Record<string, string> = {
  iss: "who says so",
  sub: "about whom",
  aud: "for whom it is meant",
  client_id: "the agent that may use it, by its ID at the application",
  aud_tenant: "the customer’s tenant at the application",
  resource: "where it may be used",
  scope: "what it allows",
  act: "the agent, as the org knows it",
  sub_id: "the person, as SAML names them",
  email: "a hint, never a key",
  iat: "issued",
  exp: "good until",
  auth_time: "signed in",
  jti: "a number of its own, to notice a repeat",
  nonce: "ties it to the agent’s own request",
  amr: "how the person proved who they are",
  typ: "what kind of token it is",
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

export function shownClaims(claims: Record<string, unknown>): ShownClaim[] {
  return Object.entries(claims).map(([name, value]) => ({
    name,
    value: shown(name, value),
    meaning: meanings[name] ?? "",
  }));
}

function shown(name: string, value: unknown): string {
  if (times.includes(name))
    return `${new Date(Number(value) * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  return typeof value === "string" ? value : JSON.stringify(value);
}
