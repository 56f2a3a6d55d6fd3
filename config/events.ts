/**
 * Which parts of the product handle which events: docs/how-to/react-to-changes.md. Each part has one handler, in
 * src/product.ts. An event that no part names is not even written.
 */
export const subscriptions = {
  handBackTasks: ["accessRevoked"], // sample product
} as const;
