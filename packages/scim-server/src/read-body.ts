import express, { type RequestHandler } from "express";
import { badRequest } from "./errors.ts";
import { checkBody } from "./input.ts";
import { checkContentType } from "./media-types.ts";

/** Of the body as it is after decompression. */
const readBytes = express.raw({ type: () => true, limit: "10mb" });

/** Refuses a body by its announced type before the first byte of it is read. */
const checkType: RequestHandler = (req, _res, next) => {
  const hasBody = Number(req.get("content-length") ?? 0) > 0 || req.get("transfer-encoding") !== undefined;
  if (hasBody) checkContentType(req.get("content-type"));
  next();
};

const parseBytes: RequestHandler = (req, _res, next) => {
  const bytes: unknown = req.body;
  // The log and the inspector see a parsed body or none.
  req.body = undefined;
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) {
    throw badRequest("invalidSyntax", "The request has no body. Send a JSON object.");
  }
  const body = parseJson(bytes);
  checkBody(body);
  req.body = body;
  next();
};

/**
 * Reads the JSON body of a request, for routes that need one. The check of the method comes first: a request is not refused
 * for a body that its route would ignore.
 */
export const readBody: RequestHandler[] = [checkType, readBytes, parseBytes];

/** RFC 8259 §8.1: JSON is UTF-8; a byte order mark may be ignored. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw badRequest("invalidSyntax", "The body is not valid JSON in UTF-8.");
  }
}
