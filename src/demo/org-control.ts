import type { Customer, Provisioned, SeededApp } from "okta-stand-in/control";

/** The stand-in org, as the demo fills it. */
export interface OrgControl {
  url: string;
  /** Empties the org, and makes an app with people and groups for each customer. */
  seed(customers: Customer[]): Promise<SeededApp[]>;
  /** Sets provisioning up and pushes people and groups by SCIM. Throws an error that names what went wrong. */
  provision(apps: Provisioned[]): Promise<void>;
  /** Whether it has been filled. */
  isFilled(): Promise<boolean>;
}

export function orgControl(url: string, secret: string): OrgControl {
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  async function call<T>(path: string, body?: unknown): Promise<T> {
    const answer = await fetch(url + path, {
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
      headers,
    });
    if (!answer.ok) throw new Error(`The stand-in org answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }
  return {
    url,
    seed: (customers) => call<SeededApp[]>("/demo/seed", customers),
    async provision(apps) {
      const { problems } = await call<{ problems: string[] }>("/demo/provision", apps);
      if (problems.length > 0) throw new Error(`The stand-in org could not provision: ${problems.join(" ")}`);
    },
    isFilled: async () => (await call<{ apps: number }>("/demo/state")).apps > 0,
  };
}
