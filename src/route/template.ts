export { compileTemplate, matchesTemplate } from '../model/path-template.ts';
