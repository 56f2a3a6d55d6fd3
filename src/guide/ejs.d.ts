/** What src/guide/templates.ts uses of ejs, which brings no types. */
declare module "ejs" {
  interface Options {
    /** Turns what `<%= %>` is given into text of the output. */
    escape: (value: unknown) => string;
  }
  const ejs: {
    render(template: string, data: object, options: Options & { filename: string }): string;
  };
  export default ejs;
}
