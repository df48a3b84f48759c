/** The presets, read as YAML when the package is built, which puts them in the place of this; in the sources there are none. */
export const PREPARED: Readonly<Record<string, string>> = {};
