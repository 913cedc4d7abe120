// The server hands out uPlot's module under this name.
export { default } from 'uplot';
