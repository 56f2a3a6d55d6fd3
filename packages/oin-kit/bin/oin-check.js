#!/usr/bin/env node
// TypeScript as it is: Node 20 needs tsx to run it.
import { register } from "tsx/esm/api";

register();
await import("../src/check/main.ts");
