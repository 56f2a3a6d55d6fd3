/** Types for the part of ejs that is used here. ejs has none of its own. */
declare module "ejs" {
  interface RenderOptions {
    /** Converts a value of `<%= %>` to text. */
    escape: (value: unknown) => string;
    /** Keeps the compiled template under the name of its file. */
    cache?: boolean;
  }
  const ejs: {
    render(template: string, data: object, options: RenderOptions & { filename: string }): string;
    /** With `cache`, each file is read and compiled once. */
    renderFile(
      path: string,
      data: object,
      options: { cache: boolean },
      done: (error: Error | null, html?: string) => void,
    ): void;
    /** Escapes a text for HTML as `<%= %>` does. */
    escapeXML(text: string): string;
    fileLoader: (path: string) => string | Buffer;
    clearCache(): void;
  };
  export default ejs;
}
