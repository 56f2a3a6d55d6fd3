# The full image has the compiler that sqlite3 needs if no prebuilt binary can be downloaded.
FROM node:24-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages/okta-labels/package.json packages/okta-labels/
COPY packages/policy-list/package.json packages/policy-list/
COPY packages/saml-policy/package.json packages/saml-policy/
COPY packages/scim-server/package.json packages/scim-server/
# Only packages that package.json lists under allowScripts may run code while they are installed. The application runs on
# three packages of this repository. The image contains neither the others nor the tools, nor their dependencies.
RUN npm ci --omit=dev --include-workspace-root --workspace=packages/okta-labels --workspace=packages/policy-list --workspace=packages/saml-policy --workspace=packages/scim-server --strict-allow-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
# For a SQLite database, the default. PostgreSQL does not need it.
RUN mkdir data && chown node:node data
COPY --from=build /app/node_modules node_modules
COPY package.json package-lock.json tsconfig.json ./
COPY packages/okta-labels packages/okta-labels
COPY packages/policy-list packages/policy-list
COPY packages/saml-policy packages/saml-policy
COPY packages/scim-server packages/scim-server
COPY scripts scripts
COPY config config
COPY migrations migrations
COPY views views
COPY public public
COPY docs/guides docs/guides
COPY src src
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Not through npm, so that SIGTERM reaches the server. It finishes running requests within 15 seconds.
CMD ["node", "--import", "tsx", "src/server.ts"]
