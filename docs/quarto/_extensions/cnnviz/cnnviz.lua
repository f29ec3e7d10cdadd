-- {{< cnnviz conv --k 3 --s 2 >}}: the player on pages and slides, a still where it is printed.
-- Options stand as on the command line.

local function words(args)
  local found = {}
  for _, arg in ipairs(args) do
    table.insert(found, pandoc.utils.stringify(arg))
  end
  return found
end

local function run(args, more)
  local all = pandoc.List(words(args))
  all:extend(more)
  return pandoc.pipe(os.getenv("CNNVIZ") or "cnnviz", all, "")
end

local function player(args)
  local page = run(args, { "-o", "-", "--format", "html" })
  page = page:gsub("&", "&amp;"):gsub('"', "&quot;")
  local style = "width:100%;max-width:960px;aspect-ratio:960/596;border:0"
  return pandoc.RawBlock(
    "html",
    '<iframe class="cnnviz" sandbox="allow-scripts" loading="lazy" style="' .. style .. '" srcdoc="' .. page .. '"></iframe>'
  )
end

local function still(args)
  local name = "cnnviz-" .. pandoc.utils.sha1(table.concat(words(args), " ")) .. ".png"
  run(args, { "-o", name, "-q", "--width", "1920" })
  local said = run({ "describe", table.unpack(words(args)) }, {})
  return pandoc.Para({ pandoc.Image(said:match("alt:%s*(.-)\n") or "", name) })
end

return {
  ["cnnviz"] = function(args)
    if quarto.doc.is_format("html") or quarto.doc.is_format("revealjs") then
      return player(args)
    end
    return still(args)
  end,
}
