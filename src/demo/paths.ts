/** The demo's own pages at the application. */
export const demoPaths = {
  story: "/demo",
  storyOf: (slug: string) => `/demo/${slug}`,
  reset: "/demo/reset",
} as const;
