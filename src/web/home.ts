import { Router } from "express";
import { brand } from "../../config/brand.ts";
import { paths } from "../endpoints.ts";

/** Where people land after signing in: the first thing that the product offers. */
export const landingPath: string = brand.navigation[0]?.href ?? paths.account;

/** The front page, for those who are not signed in. */
export function homeRoutes(): Router {
  const router = Router();
  router.get(paths.home, (req, res) => {
    if (req.person) return res.redirect(303, landingPath);
    res.render("home", { title: null });
  });
  return router;
}
