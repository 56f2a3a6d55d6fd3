#!/usr/bin/env node
// Node 20 needs tsx to run TypeScript.
import { register } from "tsx/esm/api";

register();
await import("../src/check/main.ts");
