/**
 * Traces and metrics over OTLP, only with OTEL_EXPORTER_OTLP_ENDPOINT (docs/decisions/0063). The packages are loaded here and
 * nowhere else, so that a normal start does not pay for them.
 *
 * Instrumentation that hooks into libraries would record whole URLs and SQL: one-time links, codes and addresses of people. So
 * the few attributes are named here. None is personal.
 */
import diagnostics from "node:diagnostics_channel";
import type { Context, Span } from "@opentelemetry/api";
import type { RequestHandler } from "express";
import { ConfigError } from "../errors.ts";
import { routeOf } from "./operations.ts";

export interface Telemetry {
  /** Opens a span for each request, and measures its duration. */
  observe: RequestHandler;
  /** Sends what is waiting. */
  close(): Promise<void>;
}

const metricsIntervalMs = 60_000;
/** The last batch may take this long. The platform kills the process some seconds after its requests have finished. */
const closeMs = 2_000;
const serviceName = "oin-saas-starter";

/**
 * @param endpoint the collector's base URL. The SDK itself reads the other OTEL_ variables of the process: headers, sampler,
 * resource attributes.
 */
export async function openTelemetry(endpoint: string): Promise<Telemetry> {
  const sdk = await loadPackages();
  const { SpanKind, SpanStatusCode, ROOT_CONTEXT, trace } = sdk.api;
  const resource = sdk
    .resourceFromAttributes({ "service.name": serviceName })
    .merge(sdk.detectResources({ detectors: [sdk.envDetector] }));
  const url = (signal: string) => `${endpoint.replace(/\/$/, "")}/v1/${signal}`;
  const spans = new sdk.BatchSpanProcessor(new sdk.OTLPTraceExporter({ url: url("traces") }));
  const traces = new sdk.NodeTracerProvider({ resource, spanProcessors: [spans] });
  const exporter = new sdk.OTLPMetricExporter({ url: url("metrics") });
  const reader = new sdk.PeriodicExportingMetricReader({ exporter, exportIntervalMillis: metricsIntervalMs });
  const meters = new sdk.MeterProvider({ resource, readers: [reader] });
  const contexts = new sdk.AsyncLocalStorageContextManager().enable();
  const tracer = traces.getTracer(serviceName);
  const duration = meters.getMeter(serviceName).createHistogram("http.server.request.duration", {
    unit: "s",
    description: "Duration of HTTP requests.",
  });

  const propagator = new sdk.W3CTraceContextPropagator();
  const headersOf = { get: (carrier: object, name: string) => read(carrier, name), keys: Object.keys };

  const stopCalls = observeCalls(endpoint, (method, host) => {
    const options = {
      kind: SpanKind.CLIENT,
      attributes: { "http.request.method": method, "server.address": host },
    };
    return tracer.startSpan(method, options, contexts.active());
  });

  return {
    observe: (req, res, next) => {
      const started = performance.now();
      const parent: Context = propagator.extract(ROOT_CONTEXT, req.headers, headersOf);
      const attributes = { "http.request.method": req.method };
      const span = tracer.startSpan(req.method, { kind: SpanKind.SERVER, attributes }, parent);
      res.once("close", () => {
        const answer = { "http.route": routeOf(req), "http.response.status_code": res.statusCode };
        span.updateName(`${req.method} ${answer["http.route"]}`).setAttributes(answer);
        if (res.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
        duration.record((performance.now() - started) / 1000, { ...attributes, ...answer });
      });
      contexts.with(trace.setSpan(parent, span), () => next());
    },
    async close() {
      stopCalls();
      // A collector that is away must not keep the server from stopping.
      const patience = new Promise((resolve) => setTimeout(resolve, closeMs).unref());
      await Promise.race([Promise.allSettled([traces.shutdown(), meters.shutdown()]), patience]);
      contexts.disable();
    },
  };
}

const read = (carrier: object, name: string) => (carrier as Record<string, string | undefined>)[name];

interface Call {
  request: { method: string; origin: string | URL };
}

/** Opens a span for each call to an identity provider or a receiver of signals. Its host is known, its path stays unknown. */
function observeCalls(endpoint: string, start: (method: string, host: string) => Span): () => void {
  const open = new WeakMap<object, Span>();
  const collector = new URL(endpoint).host;
  const onCreate = (message: unknown) => {
    const { request } = message as Call;
    const { host } = new URL(request.origin);
    if (host !== collector) open.set(request, start(request.method, host));
  };
  const onHeaders = (message: unknown) => {
    const { request, response } = message as Call & { response: { statusCode: number } };
    open.get(request)?.setAttribute("http.response.status_code", response.statusCode).end();
  };
  const onError = (message: unknown) => {
    const { request, error } = message as Call & { error: { code?: string; name?: string } };
    open
      .get(request)
      ?.setAttribute("error.type", error.code ?? error.name ?? "error")
      .end();
  };
  const channels = { create: onCreate, headers: onHeaders, error: onError };
  for (const [name, handle] of Object.entries(channels))
    diagnostics.subscribe(`undici:request:${name}`, handle);
  return () => {
    for (const [name, handle] of Object.entries(channels))
      diagnostics.unsubscribe(`undici:request:${name}`, handle);
  };
}

/** Throws ConfigError if the packages are not installed: they are not among the application's dependencies. */
async function loadPackages() {
  try {
    const [api, contexts, core, resources, traces, metrics, traceExporter, metricExporter] =
      await Promise.all([
        import("@opentelemetry/api"),
        import("@opentelemetry/context-async-hooks"),
        import("@opentelemetry/core"),
        import("@opentelemetry/resources"),
        import("@opentelemetry/sdk-trace-node"),
        import("@opentelemetry/sdk-metrics"),
        import("@opentelemetry/exporter-trace-otlp-http"),
        import("@opentelemetry/exporter-metrics-otlp-http"),
      ]);
    return {
      api,
      ...contexts,
      ...core,
      ...resources,
      ...traces,
      ...metrics,
      ...traceExporter,
      ...metricExporter,
    };
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new ConfigError(
      "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: see docs/how-to/observe.md",
    );
  }
}
