import { Router } from "express";
import { brand } from "../../config/brand.ts";
import { paths } from "../endpoints.ts";

/** The page after sign-in: the first entry of the product's navigation. */
export const landingPath: string = brand.navigation[0]?.href ?? paths.account;

/** The front page. It sends signed-in people to the product. */
export function homeRoutes(): Router {
  const router = Router();
  router.get(paths.home, (req, res) => {
    if (req.person) return res.redirect(303, landingPath);
    res.render("home", { title: null });
  });
  return router;
}
