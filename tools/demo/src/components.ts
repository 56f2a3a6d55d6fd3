import { readdirSync } from "node:fs";
import type { RequestHandler } from "express";

const folder = new URL("../../../views/icons/", import.meta.url);
const icons = readdirSync(folder).map((file) => file.replace(".ejs", ""));

/** Shows every component of the pages in all its states, light next to dark: for those who build pages. */
export const showComponents: RequestHandler = (_req, res) => {
  res.render("demo/components", { title: "Components", icons });
};
