/** The part of samlp that the tests use; it has no types of its own. */
declare module "samlp" {
  import type { Request, RequestHandler } from "express";

  interface Options {
    issuer: string;
    cert: string;
    key: string;
    getPostURL(
      audience: string,
      request: unknown,
      req: Request,
      done: (error: unknown, url?: string) => void,
    ): void;
    getUserFromRequest(req: Request): object;
    profileMapper: (user: never) => {
      getClaims(): Record<string, string>;
      getNameIdentifier(): { nameIdentifier: string; nameIdentifierFormat: string };
    };
    audience?: string;
    recipient?: string;
    destination?: string;
    signResponse?: boolean;
    digestAlgorithm?: string;
    signatureAlgorithm?: string;
    encryptionCert?: string;
    encryptionPublicKey?: string;
  }

  const samlp: {
    auth(options: Options): RequestHandler;
  };
  export default samlp;
}
