import type { Server } from "node:http";
import { Server as NetServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { activityFields } from "./admin/activity-entries.ts";
import { createApp, type Surroundings } from "./app.ts";
import type { Config } from "./config.ts";
import { openCallCounter } from "./directory/call-counter.ts";
import { httpServer } from "./http-server.ts";
import { recordSentSignals } from "./inspector/describe/sent-signals.ts";
import { openInspector } from "./inspector/recorder.ts";
import type { Log } from "./log.ts";
import { mailSender } from "./mail/sender.ts";
import { eventHandler } from "./outbox/events.ts";
import { jobHandler } from "./outbox/jobs.ts";
import { outboxMetrics } from "./outbox/metrics.ts";
import { type RecurringJob, recurringSource } from "./outbox/recurring.ts";
import { openRunner } from "./outbox/runner.ts";
import { activityTargets, eventHandlers, jobKinds, recurringJobs } from "./product.ts";
import { refreshOld } from "./saml/metadata-refresh.ts"; // SAML
import { signalSender } from "./shared-signals/sender.ts";
import type { Database } from "./store/database.ts";
import { removeExpired } from "./store/housekeeping.ts";
import { sealer } from "./store/secrets.ts";
import { removeOldActivity, sealActivity } from "./trail/sealing.ts";
import { configuredLimits } from "./trust/guarded-fetch.ts";
import { openTelemetry } from "./web/telemetry.ts";
import { webhookSource } from "./webhooks/sender.ts";

/** How long running requests may take to finish after the signal to stop. */
const drainMs = 15_000;

/**
 * Starts the application and its background jobs. Resolves when it listens, with a function that stops it gracefully and
 * closes the database.
 * @param surroundings a program around it, or the routers of a product that it is embedded into.
 */
export async function serve(
  config: Config,
  database: Database,
  log: Log,
  surroundings?: Surroundings,
): Promise<() => Promise<void>> {
  // First, because it may find that the configuration is not complete.
  const telemetry = config.otlpEndpoint === null ? null : await openTelemetry(config.otlpEndpoint);
  const limits = configuredLimits(config);
  const recorder = openInspector(database, log);
  const calls = openCallCounter(database, log);
  const { metrics, onAttempt } = outboxMetrics(database);
  const app = createApp({
    config,
    database,
    log,
    recorder,
    calls,
    metrics,
    ...surroundings,
    ...(telemetry && { observe: telemetry.observe }),
  });
  const server = httpServer(app, log);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, resolve);
  });
  const sending = { database, sealer: sealer(config.dataKey, config.formerDataKeys), limits };
  const signals = signalSender({ ...sending, baseUrl: config.baseUrl, onSent: recordSentSignals(recorder) });
  const handlers = {
    "shared-signal": signals,
    event: eventHandler(database, eventHandlers),
    job: jobHandler(database, jobKinds),
    mail: mailSender(config.mail, { database, baseUrl: config.baseUrl }),
  };
  const webhooks = webhookSource({
    ...sending,
    log,
    describe: (store, entries) => activityFields(store, entries, activityTargets),
    onAttempt,
  });
  const ownJobs: RecurringJob[] = [
    { name: "housekeeping", everyMinutes: 10, handle: () => removeExpired(database) },
    { name: "activity.sealing", everyMinutes: 1, handle: () => sealActivity({ ...sending, log }) },
    { name: "activity.removal", everyMinutes: 10, handle: () => removeOldActivity({ ...sending, log }) },
    { name: "saml.metadata_refresh", everyMinutes: 10, handle: () => refreshOld(database, limits, log) }, // SAML
  ];
  const recurring = recurringSource([...ownJobs, ...recurringJobs], { database, log });
  const runner = openRunner({ database, log, handlers, sources: [webhooks, recurring], onAttempt });
  runner.start();
  log.info({ address: server.address(), engine: database.engine, baseUrl: config.baseUrl }, "server.started");
  return async () => {
    const stopRunner = runner.stop();
    await drain(server);
    // A recurring job may take minutes. Its lease ends without this process, and another replica makes the run.
    await Promise.race([stopRunner, sleep(drainMs, undefined, { ref: false })]);
    await recorder.close();
    await calls.close();
    await telemetry?.close();
    await database.close();
  };
}

/**
 * How long connections without a request stay open after the signal to stop. A proxy that keeps connections may just be
 * sending a request on one, and must not repeat it if it is a POST (RFC 9110 §9.2.2).
 */
const idleMs = 2_000;

/**
 * Accepts no new connections, lets running requests finish, and cuts off the rest after drainMs. A proxy reuses its
 * connections, so every response now says `Connection: close`.
 */
async function drain(server: Server): Promise<void> {
  server.prependListener("request", (_req, res) => res.setHeader("Connection", "close"));
  // That of node:http would also close idle connections, at once.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
  const idleFrom = Date.now() + idleMs;
  const sweep = setInterval(() => {
    if (Date.now() >= idleFrom) server.closeIdleConnections();
  }, 100);
  const cutOff = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  // Ends the timer by which node:http looks for slow requests.
  server.close();
  clearInterval(sweep);
  clearTimeout(cutOff);
}
