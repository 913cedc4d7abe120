import { makeReference } from '/work/main/deploy/bench/peers/reference.ts';
console.log(await makeReference({path:'/tmp/b2/run', out:'/tmp/b2/inputs.safetensors', rowCount:1000, fileRows:4000, runtime:'tensorflow', cacheDir:'/work/main/.lockstep/data'}));
process.exit(0);
