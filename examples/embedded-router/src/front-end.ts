import { join } from "node:path";
import express, { type RequestHandler, Router } from "express";
import { requireSignIn } from "../../../src/web/guards.ts";
import type { HostRouter } from "../../../src/web/host-routers.ts";

/** A front end as `vite build` with `base: "/app/"` writes it. Each path below /app without a file is one of its routes. */
export function builtFrontEnd(folder: string): HostRouter {
  const files = express.static(join(folder, "assets"), { immutable: true, maxAge: "1y", fallthrough: false });
  const router = Router();
  router.use("/app/assets", files);
  router.get("/app{/*route}", requireSignIn, (_req, res) => {
    res.set("Cache-Control", "no-store").sendFile(join(folder, "index.html"));
  });
  return {
    folders: ["app"],
    router,
    // Vite puts small pictures and fonts into the scripts and styles.
    contentSources: { imgSrc: ["data:"], fontSrc: ["data:"] },
  };
}

/** The same front end from Vite's dev server, with its updates while you edit. Never in production. */
export function frontEndOfVite(devServer: string): HostRouter {
  const page: RequestHandler = (_req, res) => {
    const scripts = ["/app/@vite/client", "/app/src/main.js"].map(
      (path) => `<script type="module" src="${devServer}${path}"></script>`,
    );
    res.send(`<!doctype html><html lang="en"><title>App</title><div id="root"></div>${scripts.join("")}`);
  };
  return {
    folders: ["app"],
    router: Router().get("/app{/*route}", requireSignIn, page),
    contentSources: {
      scriptSrc: [devServer],
      // In development, Vite puts styles into the page.
      styleSrc: [devServer, "'unsafe-inline'"],
      imgSrc: [devServer, "data:"],
      fontSrc: [devServer, "data:"],
      connectSrc: [devServer, devServer.replace(/^http/, "ws")],
    },
  };
}
