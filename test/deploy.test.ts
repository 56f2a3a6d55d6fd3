import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Deployment } from "kubernetes-models/apps/v1";
import { Job } from "kubernetes-models/batch/v1";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1";
import { ConfigMap, Service } from "kubernetes-models/v1";
import { parse as parseToml } from "smol-toml";
import { parse, parseAllDocuments } from "yaml";
import { loadConfig, loadToolConfig } from "../src/config.ts";
import { paths } from "../src/endpoints.ts";

/** A parsed file of any shape. A test that reads a missing value fails anyway. */
// biome-ignore lint/suspicious/noExplicitAny: recipes have the formats of other programs.
type Parsed = any;

/** A recipe: the values that it gives to the programs, and how the platform runs them. */
interface Recipe {
  name: string;
  server: Record<string, string>;
  migration: Record<string, string>;
  migrationCommand: string;
  replicas: number;
  port: number;
  readiness: string | null;
  /** Seconds between the signal to stop and the kill. */
  stopSeconds: number;
  /** Paths at which the platform puts secret files. */
  secretFiles: string[];
}

const migrate = "node --import tsx src/cli/main.ts migrate";
const read = (path: string) => readFileSync(path, "utf8");
const yaml = (path: string): Parsed => parse(read(path), { merge: true });
const seconds = (text: string) => Number(/^(\d+)s$/.exec(text)?.[1]);

/** Good values for secrets, by variable. */
const secrets: Record<string, string> = {
  DATABASE_URL: "postgres://app:secret@db:5432/app",
  SESSION_SECRET: "0123456789abcdefghijklmnopqrstuvwxyz",
  DATA_KEY: Buffer.from("0123456789abcdefghijklmnopqrstuv").toString("base64"),
  METRICS_TOKEN: "0123456789abcdefghij",
};

function compose(path: string, domain: string): Recipe {
  const { services, secrets: files = {} } = yaml(path);
  const given = (environment: Record<string, string>) =>
    Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        value
          .replace(/\$\{DOMAIN:\?\}/, domain)
          .replace(/\$\{POSTGRES_PASSWORD:\?\}/, "secret")
          .replace(/^\$\{(\w+):\?\}$/, (_all, secret: string) => secrets[secret] ?? ""),
      ]),
    );
  const [, port] = /dynamic a app (\d+)/.exec(parse(read(path)).configs.caddyfile.content) ?? [];
  return {
    name: path,
    server: given(services.app.environment),
    migration: given(services.migrate.environment),
    migrationCommand: services.migrate.command.join(" "),
    replicas: services.app.deploy.replicas,
    port: Number(port),
    // Caddy passes requests on; the health check of the image decides when the proxy starts.
    readiness: null,
    stopSeconds: seconds(services.app.stop_grace_period),
    secretFiles: (services.app.secrets ?? [])
      .filter((name: string) => files[name])
      .map((name: string) => `/run/secrets/${name}`),
  };
}

const kubernetes = (name: string): Parsed[] =>
  // Kubernetes reads 0440 as an octal number, like YAML 1.1.
  (parseAllDocuments(read(`deploy/kubernetes/${name}.yaml`), { version: "1.1" }) as Parsed[]).map(
    (document) => document.toJS(),
  );
const objects = [...kubernetes("migrate"), ...kubernetes("app")];
const object = (kind: string) =>
  objects.find((one) => one.kind === kind) ?? assert.fail(`there is no ${kind}`);

function kubernetesRecipe(): Recipe {
  const pod = object("Deployment").spec.template.spec;
  const [container] = pod.containers;
  const [job] = object("Job").spec.template.spec.containers;
  const { mountPath } = container.volumeMounts.find(({ name }: Parsed) => name === "secrets");
  return {
    name: "deploy/kubernetes",
    server: object("ConfigMap").data,
    migration: Object.fromEntries(job.env.map(({ name, value }: Parsed) => [name, value])),
    migrationCommand: job.command.join(" "),
    replicas: object("Deployment").spec.replicas,
    port: container.ports[0].containerPort,
    readiness: container.readinessProbe.httpGet.path,
    // preStop takes its 5 seconds from the same time.
    stopSeconds: pod.terminationGracePeriodSeconds - 5,
    secretFiles: Object.keys(secrets).map((name) => `${mountPath}/${name.toLowerCase()}`),
  };
}

function fly(): Recipe {
  const toml = parseToml(read("deploy/fly/fly.toml")) as Parsed;
  return {
    name: "deploy/fly",
    server: toml.env,
    migration: toml.env,
    migrationCommand: toml.deploy.release_command,
    replicas: toml.http_service.min_machines_running,
    port: toml.http_service.internal_port,
    readiness: toml.http_service.checks[0].path,
    stopSeconds: seconds(toml.kill_timeout),
    secretFiles: toml.files.map(({ guest_path }: Parsed) => guest_path),
  };
}

function render(): Recipe {
  const [service] = yaml("deploy/render/render.yaml").services;
  const environment = Object.fromEntries(
    service.envVars.map(({ key, value }: Parsed) => [key, value ?? secrets[key]]),
  );
  return {
    name: "deploy/render",
    server: environment,
    migration: environment,
    migrationCommand: service.preDeployCommand,
    replicas: service.numInstances,
    port: Number(environment.PORT),
    readiness: service.healthCheckPath,
    stopSeconds: service.maxShutdownDelaySeconds,
    secretFiles: [],
  };
}

const recipes = [
  compose("compose.yaml", "unused"),
  compose("deploy/compose/compose.yaml", "app.example.com"),
  kubernetesRecipe(),
  fly(),
  render(),
];

describe("the deploy recipes", () => {
  const known = [...read("config/env.example").matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name ?? "");
  const image = read("Dockerfile");
  const imagePort = Number(/^ENV .*\bPORT=(\d+)/m.exec(image)?.[1]);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "starter-recipes-"));
    for (const [name, value] of Object.entries(secrets)) writeFileSync(join(folder, name), `${value}\n`);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("are those of the folder deploy/, and the how-to links each", () => {
    const page = read("docs/how-to/deploy.md");
    const folders = readdirSync("deploy");
    assert.deepEqual(
      folders.filter((name) => !recipes.some((recipe) => recipe.name.startsWith(`deploy/${name}`))),
      [],
    );
    for (const name of folders) assert.ok(page.includes(`](../../deploy/${name}/`), name);
  });

  for (const recipe of recipes) {
    describe(recipe.name, () => {
      /** The environment as the process sees it: the platform's files are replaced by files of this machine. */
      const environmentOf = (variables: Record<string, string>) =>
        Object.fromEntries(
          Object.entries(variables).map(([name, value]) => {
            if (!name.endsWith("_FILE")) return [name, value];
            assert.ok(recipe.secretFiles.includes(value), `${value} is put there`);
            return [name, join(folder, name.replace(/_FILE$/, ""))];
          }),
        );

      it("sets only variables that the program knows", () => {
        const set = Object.keys({ ...recipe.server, ...recipe.migration });
        assert.deepEqual(
          set.filter((name) => !known.includes(name.replace(/_FILE$/, ""))),
          [],
        );
      });

      it("gives the server a complete configuration, on PostgreSQL, with the proxy's address", () => {
        const config = loadConfig({ HOST: "0.0.0.0", ...environmentOf(recipe.server) });
        assert.equal(config.databaseUrl, secrets.DATABASE_URL);
        assert.ok(config.trustProxy >= 1);
        assert.equal(config.insecureAllowPrivateNetwork, false);
        if (recipe.name.startsWith("deploy/")) {
          assert.equal(config.baseUrl, "https://app.example.com");
          assert.equal(config.metricsToken, secrets.METRICS_TOKEN, "/metrics is reachable from outside");
        }
      });

      it("migrates the same database before the server starts", () => {
        assert.equal(recipe.migrationCommand, migrate);
        assert.equal(loadToolConfig(environmentOf(recipe.migration)).databaseUrl, secrets.DATABASE_URL);
      });

      it("runs two replicas, on the port of the image, and asks the right address for readiness", () => {
        assert.equal(recipe.replicas, 2);
        assert.equal(recipe.port, imagePort);
        if (recipe.readiness !== null) assert.equal(recipe.readiness, paths.readyz);
      });

      it("lets running requests finish: 15 seconds, and some more", () => {
        const drainMs = Number(/drainMs = ([\d_]+)/.exec(read("src/serve.ts"))?.[1]?.replace("_", ""));
        assert.ok(recipe.stopSeconds * 1000 >= drainMs + 5_000, `${recipe.stopSeconds} seconds`);
      });
    });
  }

  describe("for Kubernetes", () => {
    const models: Parsed = { ConfigMap, Deployment, Ingress, Job, PodDisruptionBudget, Service };

    for (const one of objects) {
      it(`has a valid ${one.kind} ${one.metadata.name}`, () => {
        const Model = models[one.kind] ?? assert.fail(`no schema of ${one.kind}`);
        const model = new Model(one);
        assert.equal(model.apiVersion, one.apiVersion);
        model.validate();
        const broken = new Model({ ...one, metadata: { ...one.metadata, labels: "app" } });
        assert.throws(() => broken.validate(), /labels/, "the schema is in force");
      });
    }

    it("asks the process for liveness, so that an outage of the database restarts no replica", () => {
      const [{ livenessProbe, startupProbe, ports }] = object("Deployment").spec.template.spec.containers;
      assert.equal(livenessProbe.httpGet.path, paths.healthz);
      assert.equal(startupProbe.httpGet.path, paths.healthz);
      assert.deepEqual(
        [livenessProbe.httpGet.port, object("Service").spec.ports[0].targetPort],
        [ports[0].name, "http"],
      );
    });

    it("selects the pods of the deployment", () => {
      const { labels } = object("Deployment").spec.template.metadata;
      assert.deepEqual(object("Deployment").spec.selector.matchLabels, labels);
      assert.deepEqual(object("Service").spec.selector, labels);
      assert.deepEqual(object("PodDisruptionBudget").spec.selector.matchLabels, labels);
      const [{ host, http }] = object("Ingress").spec.rules;
      assert.equal(`https://${host}`, object("ConfigMap").data.BASE_URL);
      assert.deepEqual(object("Ingress").spec.tls[0].hosts, [host]);
      assert.equal(http.paths[0].backend.service.name, object("Service").metadata.name);
    });

    it("runs without privileges, as the image's user, with secrets that only its group can read", () => {
      const pods = ["Deployment", "Job"].map((kind) => object(kind).spec.template.spec);
      for (const pod of pods) {
        const [{ securityContext, image: tag }] = pod.containers;
        assert.equal(pod.securityContext.runAsNonRoot, true);
        assert.equal(pod.automountServiceAccountToken, false);
        assert.equal(securityContext.allowPrivilegeEscalation, false);
        assert.equal(securityContext.readOnlyRootFilesystem, true);
        assert.deepEqual(securityContext.capabilities, { drop: ["ALL"] });
        assert.equal(pod.volumes[0].secret.defaultMode, 0o440);
        assert.equal(tag, pods[0].containers[0].image, "one image for both");
      }
    });
  });

  it("builds from the Dockerfile of the repository", () => {
    const context = yaml("deploy/compose/compose.yaml").services.app.build;
    assert.ok(existsSync(join("deploy/compose", context, "Dockerfile")));
    const toml = parseToml(read("deploy/fly/fly.toml")) as Parsed;
    assert.ok(existsSync(join("deploy/fly", toml.build.dockerfile)));
    assert.equal(yaml("deploy/render/render.yaml").services[0].dockerfilePath, "./Dockerfile");
  });
});
