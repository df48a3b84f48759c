export { compileTemplate, matchesTemplate, type PathTemplate } from '../model/path-template.ts';
