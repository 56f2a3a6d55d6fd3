/**
 * Nothing is remembered by node-saml: requests and assertions are kept in the database, where all replicas see them. Its
 * own cache would set a timer for each response.
 */
export const noCache = {
  saveAsync: () => Promise.resolve(null),
  getAsync: () => Promise.resolve(null),
  removeAsync: () => Promise.resolve(null),
};
