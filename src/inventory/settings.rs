//! What the configuration says about inventories.

use crate::template::Environment;
use crate::value::Dict;
use crate::yaml;
use std::sync::Arc;

/// What becomes of characters in group names that could not stand in a variable's name (`TRANSFORM_INVALID_GROUP_CHARS`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupNames {
    /// They stay, with a warning.
    #[default]
    Never,
    /// They stay.
    Ignore,
    /// They become underscores, with a warning.
    Always,
    /// They become underscores.
    Silently,
}

/// What becomes of a host pattern that matches nothing (`HOST_PATTERN_MISMATCH`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mismatch {
    /// A warning.
    #[default]
    Warning,
    /// An error.
    Error,
    /// Nothing.
    Ignore,
}

/// One step in the order of group variables (`VARIABLE_PRECEDENCE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Variables of `all` in inventory sources.
    AllInventory,
    /// Variables of the other groups in inventory sources.
    GroupsInventory,
    /// `group_vars/all` beside inventory sources.
    AllPluginsInventory,
    /// `group_vars/all` beside the playbook.
    AllPluginsPlay,
    /// `group_vars/GROUP` beside inventory sources.
    GroupsPluginsInventory,
    /// `group_vars/GROUP` beside the playbook.
    GroupsPluginsPlay,
}

impl Step {
    /// The step by the name it has in the configuration.
    pub fn named(name: &str) -> Option<Step> {
        Some(match name {
            "all_inventory" => Step::AllInventory,
            "groups_inventory" => Step::GroupsInventory,
            "all_plugins_inventory" => Step::AllPluginsInventory,
            "all_plugins_play" => Step::AllPluginsPlay,
            "groups_plugins_inventory" => Step::GroupsPluginsInventory,
            "groups_plugins_play" => Step::GroupsPluginsPlay,
            _ => return None,
        })
    }
}

/// How to read inventories. The default is Ansible's.
#[derive(Clone)]
pub struct Settings {
    /// Parsers to try, in order (`INVENTORY_ENABLED`).
    pub enabled: Vec<String>,
    /// Ends of names that a directory source skips (`INVENTORY_IGNORE_EXTS`).
    pub ignore_extensions: Vec<String>,
    /// Patterns of names that a directory source skips (`INVENTORY_IGNORE_PATTERNS`).
    pub ignore_patterns: Vec<String>,
    /// What becomes of odd group names.
    pub group_names: GroupNames,
    /// No source could be read: an error (`INVENTORY_UNPARSED_IS_FAILED`).
    pub unparsed_is_failed: bool,
    /// No source could be read: a warning (`INVENTORY_UNPARSED_WARNING`).
    pub unparsed_warning: bool,
    /// One source could not be read: an error (`INVENTORY_ANY_UNPARSED_IS_FAILED`).
    pub any_unparsed_is_failed: bool,
    /// What becomes of a pattern without a match.
    pub pattern_mismatch: Mismatch,
    /// Whether an empty inventory is worth a warning (`LOCALHOST_WARNING`).
    pub localhost_warning: bool,
    /// Ends of variable files' names (`YAML_FILENAME_EXTENSIONS`).
    pub yaml_extensions: Vec<String>,
    /// Ends of YAML inventories' names.
    pub yaml_inventory_extensions: Vec<String>,
    /// The order of group variables.
    pub precedence: Vec<Step>,
    /// Whether mappings of several sources are merged (`hash_behaviour = merge`).
    pub merge_hashes: bool,
    /// Whether what a script writes to its standard error is shown though it succeeds.
    pub script_stderr: bool,
    /// `--extra-vars`, for plugins that construct hosts and groups.
    pub extra_vars: Arc<Dict>,
    /// Whether those plugins use them unless told otherwise (`ANSIBLE_INVENTORY_USE_EXTRA_VARS`).
    pub use_extra_vars: bool,
    /// What their templates see of the run.
    pub templates: Arc<Environment>,
    /// How YAML is read; the key to encrypted files is in it.
    pub yaml: yaml::Options,
}

impl Default for Settings {
    fn default() -> Settings {
        let strings = |words: &[&str]| words.iter().map(|word| word.to_string()).collect();
        Settings {
            enabled: strings(&["host_list", "script", "auto", "yaml", "ini", "toml"]),
            ignore_extensions: strings(&[
                ".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry",
            ]),
            ignore_patterns: Vec::new(),
            group_names: GroupNames::Never,
            unparsed_is_failed: false,
            unparsed_warning: true,
            any_unparsed_is_failed: false,
            pattern_mismatch: Mismatch::Warning,
            localhost_warning: true,
            yaml_extensions: strings(&[".yml", ".yaml", ".json"]),
            yaml_inventory_extensions: strings(&[".yaml", ".yml", ".json"]),
            precedence: vec![
                Step::AllInventory,
                Step::GroupsInventory,
                Step::AllPluginsInventory,
                Step::AllPluginsPlay,
                Step::GroupsPluginsInventory,
                Step::GroupsPluginsPlay,
            ],
            merge_hashes: false,
            script_stderr: true,
            extra_vars: Arc::default(),
            use_extra_vars: false,
            templates: Arc::default(),
            yaml: yaml::Options::default(),
        }
    }
}
