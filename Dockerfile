# The full image has the compiler that sqlite3 needs when no ready-made build can be fetched.
FROM node:24-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Only packages that package.json lists under allowScripts may run code while they are installed. Nothing of packages/ and
# tools/ is in the image, nor what they depend on.
RUN npm ci --omit=dev --workspaces=false --strict-allow-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
# For a SQLite database, which is the default; PostgreSQL needs nothing here.
RUN mkdir data && chown node:node data
COPY --from=build /app/node_modules node_modules
COPY package.json package-lock.json tsconfig.json ./
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
# Not through npm, so that SIGTERM reaches the server: it finishes running requests, for up to 15 seconds.
CMD ["node", "--import", "tsx", "src/server.ts"]
