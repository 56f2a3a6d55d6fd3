import { Router } from "express";
import { paths } from "../endpoints.ts";
import type { AdminDeps } from "./routes.ts";

export function peopleRoutes(_deps: AdminDeps): Router {
  const router = Router();
  router.get(paths.admin.people, (_req, res) => {
    res.render("admin/people", { title: "People" });
  });
  return router;
}
