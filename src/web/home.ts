import { Router } from "express";
import { brand } from "../../config/brand.ts";
import { paths } from "../endpoints.ts";
import { endedQuery } from "./guards.ts";

/** The page after sign-in: the first entry of the product's navigation. */
export const landingPath: string = brand.navigation[0]?.href ?? paths.account;

/** The front page. It sends signed-in people to the product, and a browser whose session has ended to the sign-in page. */
export function homeRoutes(): Router {
  const router = Router();
  router.get(paths.home, (req, res) => {
    if (req.person) return res.redirect(303, landingPath);
    const ended = endedQuery(req, res);
    if (ended) return res.redirect(303, `${paths.login}?${new URLSearchParams(ended)}`);
    res.render("home", { title: null });
  });
  return router;
}
