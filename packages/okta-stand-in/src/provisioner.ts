import { accessOf } from "./access.ts";
import { displayNameOf, type Org, OrgRefusal } from "./org.ts";
import { deactivatePerson, provisionPerson, pushProfile, type Send } from "./provisioning.ts";
import { deleteGroup, linkGroup, pushAll, pushChanges, putGroup, type WantedGroup } from "./push-groups.ts";
import type { OrgScimClient } from "./scim-client.ts";
import type { Assignment, OrgApp, Provisioning, PushGroup } from "./state.ts";

/** The progress of a push. */
export interface Progress {
  done: number;
  failed: number;
  total: number;
  isRunning: boolean;
  /** The end of a wait that the application asked for, in ms since the epoch; null if the org does not wait. */
  waitsUntil: number | null;
}

/** A person or a group to push; `full` sends all members of a group instead of the changes. */
type PushTask = { kind: "person"; id: string } | { kind: "group"; id: string; full: boolean };

/** One push to one app. */
interface PushRun extends Progress {
  app: OrgApp;
  queue: PushTask[];
  stopping: AbortController;
  ended: Promise<void>;
}

type Provisioner = ReturnType<typeof provisioner>;

/** The context of the Admin Console: the org, and the provisioner that pushes its changes. */
export interface OrgAdmin extends Org {
  provisioner: Provisioner;
}

/** Calls at the same time: enough to push thousands in minutes, and few enough not to burden an application. */
const atOnce = 4;

/**
 * Pushes people and groups to apps: one queue for each app, people before groups. Every assignment and pushed group
 * stores what is still to do, so a push that was stopped or interrupted can resume.
 */
export function provisioner(org: Org, client: OrgScimClient) {
  const runs = new Map<string, PushRun>();

  function enqueue(app: OrgApp, added: PushTask[]): Promise<void> {
    if (!app.provisioning || added.length === 0) return Promise.resolve();
    const running = runs.get(app.id);
    if (running?.isRunning && !running.stopping.signal.aborted) {
      running.queue.push(...added);
      running.total += added.length;
      return running.ended;
    }
    const counts = { done: 0, failed: 0, total: added.length, isRunning: true, waitsUntil: null };
    const run: PushRun = {
      app,
      ...counts,
      queue: added,
      stopping: new AbortController(),
      ended: Promise.resolve(),
    };
    const before = running?.ended ?? Promise.resolve();
    run.ended = before.then(() => work(org, client, run));
    runs.set(app.id, run);
    return run.ended;
  }

  return {
    /** Pushes changed people. Resolves at the end; each assignment has its own problem if it failed. */
    people: (app: OrgApp, ids: readonly string[]) =>
      enqueue(
        app,
        ids.map((id) => ({ kind: "person", id })),
      ),
    /** Pushes changed groups. @param full sends all members instead of the changes. */
    groups: (app: OrgApp, ids: readonly string[], full = false) =>
      enqueue(
        app,
        ids.map((id) => ({ kind: "group", id, full })),
      ),

    /** Pushes everything that is pending or failed, and the groups of those people. */
    resume(app: OrgApp): Promise<void> {
      const open = ({ state }: Assignment | PushGroup) => ["pending", "failed", "removing"].includes(state);
      const people = Object.keys(app.assignments).filter(
        (id) => app.assignments[id] && open(app.assignments[id]),
      );
      const failed = Object.keys(app.pushGroups).filter(
        (id) => app.pushGroups[id] && open(app.pushGroups[id]),
      );
      const groups = new Set([...failed, ...groupsWith(org, app, new Set(people))]);
      return enqueue(app, [
        ...people.map((id) => ({ kind: "person" as const, id })),
        ...[...groups].map((id) => ({ kind: "group" as const, id, full: false })),
      ]);
    },

    progress(appId: string): Progress | null {
      const run = runs.get(appId);
      if (!run) return null;
      const { done, failed, total, isRunning, waitsUntil } = run;
      return { done, failed, total, isRunning, waitsUntil };
    },

    /** Stops after the current calls. */
    stop(appId: string): void {
      runs.get(appId)?.stopping.abort();
    },

    async stopAll(): Promise<void> {
      for (const run of runs.values()) run.stopping.abort();
      await Promise.all([...runs.values()].map(({ ended }) => ended));
      runs.clear();
    },

    /** Sends single calls that an administrator waits for. Throws OrgRefusal if provisioning is not set up. */
    sender(app: OrgApp, why: string): Send {
      const { provisioning } = app;
      if (!provisioning) throw new OrgRefusal("Configure API Integration first.");
      const reason = { appId: app.id, why, signal: new AbortController().signal, onWait: () => undefined };
      return (method, path, body) => client.send(provisioning, reason, { method, path, body });
    },
  };
}

/** The pushed groups in which the application still lacks one of these people. */
export function groupsWith({ store }: Org, app: OrgApp, people: ReadonlySet<string>): string[] {
  return Object.keys(app.pushGroups).filter((groupId) =>
    store.state.groups[groupId]?.memberIds.some(
      (id) => people.has(id) && !Object.hasOwn(app.pushGroups[groupId]?.pushedMembers ?? {}, id),
    ),
  );
}

async function work(org: Org, client: OrgScimClient, run: PushRun): Promise<void> {
  const { signal } = run.stopping;
  while (run.queue.length > 0 && !signal.aborted) {
    const batch = nextBatch(run.queue);
    const results = await Promise.all(batch.map((task) => perform(org, client, run, task)));
    run.done += results.length;
    run.failed += results.filter((succeeded) => !succeeded).length;
    org.store.changed();
  }
  run.isRunning = false;
}

/** The next tasks that may run at the same time: all of one kind, and no id twice. */
function nextBatch(queue: PushTask[]): PushTask[] {
  const batch: PushTask[] = [];
  while (batch.length < atOnce) {
    const [next] = queue;
    const [first] = batch;
    if (!next || (first && first.kind !== next.kind) || batch.some(({ id }) => id === next.id)) break;
    batch.push(next);
    queue.shift();
  }
  return batch;
}

/** Returns whether it succeeded. A task that was stopped keeps its state, so that the push can resume. */
async function perform(org: Org, client: OrgScimClient, run: PushRun, task: PushTask): Promise<boolean> {
  const { app, stopping } = run;
  const entry = task.kind === "person" ? app.assignments[task.id] : app.pushGroups[task.id];
  const { provisioning } = app;
  if (!entry || !provisioning) return true;
  const onWait = (until: number | null) => {
    run.waitsUntil = until;
  };
  const sendFor = (why: string): Send => {
    const reason = { appId: app.id, why, signal: stopping.signal, onWait };
    return (method, path, body) => client.send(provisioning, reason, { method, path, body });
  };
  const target: PushTarget = { org, app, provisioning, sendFor };
  try {
    if (task.kind === "person") await syncPerson(target, task.id);
    else await syncGroup(target, task);
    return true;
  } catch (error) {
    if (stopping.signal.aborted) return true;
    entry.problem = error instanceof Error ? error.message : String(error);
    // A failed removal stays wanted.
    if (entry.state !== "removing") entry.state = "failed";
    return false;
  }
}

interface PushTarget {
  org: Org;
  app: OrgApp;
  provisioning: Provisioning;
  /** Makes a sender whose calls have this reason in the log. */
  sendFor(why: string): Send;
}

async function syncPerson({ org, app, provisioning, sendFor }: PushTarget, id: string): Promise<void> {
  const assignment = app.assignments[id];
  const person = org.store.state.people[id];
  if (!assignment) return;
  if (!person) {
    delete app.assignments[id];
    return;
  }
  const name = displayNameOf(person);
  if (assignment.state === "removing") {
    if (assignment.remoteId !== null && provisioning.deactivateUsers)
      await deactivatePerson(sendFor(`Deactivate ${name}`), provisioning, person, assignment.remoteId);
    delete app.assignments[id];
    return;
  }
  const access = provisioning.updateAttributes ? accessOf(org, app, id) : {};
  const { remoteId } = assignment;
  if (remoteId === null) {
    assignment.remoteId = await provisionPerson(sendFor(`Assign ${name}`), provisioning, person, {
      access,
    });
  } else if (provisioning.updateAttributes) {
    const account = { remoteId, access };
    await pushProfile(sendFor(`Push profile of ${name}`), provisioning, person, account);
  }
  Object.assign(assignment, { state: "provisioned", problem: null });
}

async function syncGroup(target: PushTarget, { id, full }: { id: string; full: boolean }): Promise<void> {
  const { org, app, provisioning, sendFor } = target;
  const pushed = app.pushGroups[id];
  const group = org.store.state.groups[id];
  if (!pushed) return;
  if (pushed.state === "removing" || !group) {
    await deleteGroup(sendFor(`Delete group ${pushed.pushedName ?? ""}`), pushed);
    delete app.pushGroups[id];
    return;
  }
  const send = sendFor(`Push group ${group.name}`);
  const wanted: WantedGroup = { name: group.name, members: membersOf(org, app, group.memberIds) };
  pushed.remoteId ??= await linkGroup(send, group.name);
  if (full) await pushAll(send, pushed.remoteId, wanted);
  else if (provisioning.updates === "private") await putGroup(send, pushed.remoteId, wanted);
  else await pushChanges(send, pushed.remoteId, pushed.pushedMembers, wanted);
  const pushedMembers = Object.fromEntries([...wanted.members].map(([person, { value }]) => [person, value]));
  Object.assign(pushed, { state: "pushed", problem: null, pushedName: group.name, pushedMembers });
}

/** The members that the application knows: Okta pushes a group with its assigned members only ("Group Push"). */
function membersOf(org: Org, app: OrgApp, ids: readonly string[]): WantedGroup["members"] {
  const members: WantedGroup["members"] = new Map();
  for (const id of ids) {
    const login = org.store.state.people[id]?.login;
    const assignment = app.assignments[id];
    if (login === undefined || typeof assignment?.remoteId !== "string" || assignment.state === "removing")
      continue;
    members.set(id, { value: assignment.remoteId, display: login });
  }
  return members;
}
