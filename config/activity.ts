/** A kind of entry that the product writes to a tenant's activity: docs/how-to/record-activity.md. */
export interface ProductActivity {
  /** The name by which the activity page filters. The starter's own kinds are in src/store/tenant/activity.ts. */
  kind: string;
  /** The name for people, in the page's filter. */
  label: string;
  /** A file of views/icons/, without its ending. */
  icon: string;
  /** Events in the past tense, with their words for people. The part before the dot is the subject. */
  actions: Readonly<Record<string, string>>;
}

const all = [
  // sample product {
  {
    kind: "tasks",
    label: "Tasks",
    icon: "circle-check",
    actions: {
      "task.created": "Task added",
      "task.assigned": "Task assigned",
      "task.completed": "Task completed",
      "task.reopened": "Task reopened",
      "task.deleted": "Task deleted",
      "tasks.exported": "Tasks exported",
    },
  },
  // sample product }
] as const satisfies readonly ProductActivity[];

type Kinds = (typeof all)[number];

/** A kind with one of its actions. */
export type ProductAction = {
  [Kind in Kinds["kind"]]: { kind: Kind; action: keyof Extract<Kinds, { kind: Kind }>["actions"] };
}[Kinds["kind"]];

export const productActivity: readonly ProductActivity[] = all;
