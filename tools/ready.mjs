// What has to be there before anything of the repository runs. When it is, this takes a few hundredths of a second.
import './ensure-installed.mjs'
import './build-pages.mjs'
