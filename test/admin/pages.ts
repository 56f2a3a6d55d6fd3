import type { User } from "../../src/model.ts";
import type { PageCase } from "../helpers/every-page.ts";
import type { TestTenant } from "../helpers/people.ts";

/** The admin console's share of every page: see test/helpers/every-page.ts. */
export async function adminPages(_acme: TestTenant, owner: User): Promise<PageCase[]> {
  return [
    { name: "the console's overview", status: 200, path: "/admin", as: owner },
    { name: "connections", status: 200, path: "/admin/connections", as: owner },
    { name: "domains", status: 200, path: "/admin/domains", as: owner },
    { name: "provisioning", status: 200, path: "/admin/provisioning", as: owner },
    { name: "people", status: 200, path: "/admin/people", as: owner },
    { name: "groups", status: 200, path: "/admin/groups", as: owner },
    { name: "activity", status: 200, path: "/admin/activity", as: owner },
  ];
}
