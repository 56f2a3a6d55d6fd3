import { attributes } from "../../../config/attributes.ts";

/** The attribute statements that an administrator enters for a SAML app, according to the guide. */
export function attributeStatements(): { name: string; expression: string }[] {
  return attributes.flatMap(({ samlAttribute: name, oktaExpression: expression }) =>
    name && expression ? [{ name, expression }] : [],
  );
}
