/** Run by test/scim/custom-attribute.test.ts in a copy of the repository. Prints the SCIM responses as JSON. */
import { startTestApp } from "./app.ts";
import { createTestDatabase, type Engine } from "./databases.ts";
import { createScimTenant, oktaUser } from "./scim.ts";

const [engine, urn = "", name = ""] = process.argv.slice(2);
const test = await createTestDatabase(engine as Engine);
const app = await startTestApp(test.database);
const { client } = await createScimTenant(app, test.database);
const path = `${urn}:${name}`;
const withValue = (userName: string, value: string) => oktaUser(userName, { [urn]: { [name]: value } });

const created = await client.send("POST", "/Users", withValue("ada@acme.example", "B-1"));
await client.send("POST", "/Users", withValue("eve@acme.example", "b-1"));
const at = `/Users/${created.body.id}`;
const result = {
  schemas: (await client.get("/Schemas")).body,
  schema: (await client.get(`/Schemas/${urn}`)).body,
  userType: (await client.get("/ResourceTypes/User")).body,
  created: created.body,
  read: (await client.get(at)).body,
  found: (await client.find(`${path} eq "B-1"`)).body,
  patched: (await client.patch(at, { op: "replace", path, value: "B-2" })).body,
  foundPatched: (await client.find(`${path} sw "B-"`)).body,
  shown: (await client.get(`${at}?attributes=${path}`)).body,
  removed: (await client.patch(at, { op: "remove", path })).body,
  wrong: (await client.patch(at, { op: "replace", path, value: true })).body,
};
await app.close();
await test.dispose();
process.stdout.write(JSON.stringify(result));
