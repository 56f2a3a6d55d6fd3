/**
 * Your product, as lists: everything that it adds to the application. Edit this file, and not app.ts or serve.ts, which
 * change with each version of the starter. Its words and its settings are in config/.
 *
 * A composition root: may import every room.
 */
import type { Router } from "express";
import type { EventHandlers } from "./outbox/events.ts";
import type { JobKind } from "./outbox/jobs.ts";
import type { RecurringJob } from "./outbox/recurring.ts";
import type { Database } from "./store/database.ts";
import { taskOperations } from "./tasks/api.ts"; // sample domain
import { handBackTasks } from "./tasks/events.ts"; // sample product
import { taskTools } from "./tasks/mcp.ts"; // sample domain
import { taskRoutes } from "./tasks/routes.ts"; // sample domain
import { taskTargets } from "./tasks/tasks.ts"; // sample product
import type { ActivityTargets } from "./web/activity.ts";
import type { ApiOperation, ApiRouter } from "./web/api-operation.ts";
import type { McpTool } from "./web/mcp.ts";
import type { WebhookReceiver } from "./web/webhooks.ts";

interface ProductDeps {
  database: Database;
  /** The application's own origin, for links that leave it. */
  baseUrl: string;
}

/** Pages and forms, also those below /admin: docs/how-to/make-it-yours.md. */
export const productRoutes: readonly ((deps: ProductDeps) => Router)[] = [
  taskRoutes, // sample domain
];

/** The operations of the product's API: docs/how-to/build-an-api.md. */
export const apiOperations: readonly ApiOperation[] = [
  ...taskOperations, // sample domain
];

/** Further routes of the product's API. */
export const apiRouters: readonly ApiRouter[] = [];

/** The tools of the product's MCP server: docs/how-to/let-an-agent-use-your-api.md. */
export const mcpTools: readonly McpTool[] = [
  ...taskTools, // sample domain
];

/** The code for the webhooks of config/webhooks.ts: docs/how-to/receive-webhooks.md. */
export const webhookReceivers: readonly WebhookReceiver[] = [];

/** The things that entries of the activity are about: docs/how-to/record-activity.md. */
export const activityTargets: readonly ActivityTargets[] = [
  taskTargets, // sample product
];

/** The handlers of events, by the parts in config/events.ts: docs/how-to/react-to-changes.md. */
export const eventHandlers: EventHandlers = {
  handBackTasks, // sample product
};

/** Background jobs: docs/how-to/run-background-jobs.md. */
export const jobKinds: readonly JobKind[] = [];

/** Work that recurs, in one replica at a time: docs/how-to/run-background-jobs.md. */
export const recurringJobs: readonly RecurringJob[] = [];
