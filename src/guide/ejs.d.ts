/** Types for the part of ejs that templates.ts and src/mail/letters.ts use. ejs has none of its own. */
declare module "ejs" {
  interface RenderOptions {
    /** Converts a value of `<%= %>` to text. */
    escape: (value: unknown) => string;
  }
  const ejs: {
    render(template: string, data: object, options: RenderOptions & { filename: string }): string;
  };
  export default ejs;
}
