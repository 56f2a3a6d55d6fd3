/** The demo's own pages at the application. */
export const demoPaths = {
  story: "/demo",
  storyOf: (slug: string) => `/demo/${slug}`,
  /** Which steps are done, as JSON: with an Okta org of one's own. */
  doneOf: (slug: string) => `/demo/${slug}/done`,
  /** To the inspector, which is for administrators: whoever is none signs in as the owner on the way. */
  messagesOf: (slug: string) => `/demo/${slug}/messages`,
  reset: "/demo/reset",
} as const;
